#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "app/options.hpp"
#include "app/plan.hpp"

using namespace surf;
using namespace surf::app;

namespace
{

/// Two models, two k, both tasks (two m) and both methods: 4 chains, 24 cells.
constexpr char const* sweep = R"(
[train]
models = vae,dcgan
latent_dims = 5,10
[trials]
tasks = inversion,recovery
measurements = 50,100
count = 250
block_size = 100
)";

Plan plan_of(std::string const& text, std::string const& checksum = "checksum")
{
    return make_plan(parse_job(text, "test"), checksum);
}

/// What of a plan a change left as it was.
struct Unchanged
{
    bool job;
    bool chains;
    bool adam;
    bool surfing;
};

Unchanged compare(Plan const& before, Plan const& after)
{
    auto const same = [&](trial::Method method) {
        bool all = true;
        bool none = true;
        for (std::size_t i = 0; i < before.cells.size(); ++i)
        {
            if (before.cells[i].spec.method == method)
            {
                bool const equal = before.cells[i].spec.id() == after.cells[i].spec.id();
                all = all && equal;
                none = none && !equal;
            }
        }
        REQUIRE(all != none);  // a change concerns all cells of a method, or none
        return all;
    };
    return {before.job == after.job,
            std::ranges::equal(
                before.chains, after.chains, {}, [](auto const& chain) { return chain.spec.id(); },
                [](auto const& chain) { return chain.spec.id(); }),
            same(trial::Method::adam), same(trial::Method::surfing)};
}

void check_change(std::string const& text, Unchanged expected)
{
    INFO(text);
    Unchanged const found = compare(plan_of(sweep), plan_of(text + sweep));
    CHECK(found.job == expected.job);
    CHECK(found.chains == expected.chains);
    CHECK(found.adam == expected.adam);
    CHECK(found.surfing == expected.surfing);
}

}  // namespace

TEST_CASE("ids depend on all that affects a result, and on nothing else", "[plan]")
{
    constexpr bool same = true;
    constexpr bool other = false;
    check_change("output = elsewhere\ndata = /other\n", {same, same, same, same});
    check_change("[adam]\nlearning_rate = 0.02\n", {other, same, other, other});
    check_change("[stop]\nsuccess_distance = 0.1\n", {other, same, other, other});
    check_change("[surfing]\nratio = 0.9\n", {other, same, same, other});
    check_change("[surfing]\nadam_state = reset\n", {other, same, same, other});
    check_change("[train]\nintervals = 50\n", {other, other, other, other});
    check_change("[train]\nbatch = 32\n", {other, other, other, other});
    check_change("[train]\nthreads = 1\n", {other, other, other, other});
    check_change("[train]\nbatch = 64\ngenerator_rate = 0.001\n", {same, same, same, same});
    check_change("seed = 2\n", {other, other, other, other});

    Unchanged const data = compare(plan_of(sweep), plan_of(sweep, "other checksum"));
    CHECK_FALSE((data.job || data.chains || data.adam || data.surfing));
}

TEST_CASE("a discriminator's rate is no part of a vae's chain", "[plan]")
{
    Plan const before = plan_of("[train]\nlatent_dims = 5\n");
    Plan const after = plan_of("[train]\nlatent_dims = 5\ndiscriminator_rate = 0.5\n");
    CHECK(before.chains[0].spec.id() == after.chains[0].spec.id());
    CHECK(before.chains[1].spec.id() != after.chains[1].spec.id());
}

TEST_CASE("a chain is canonical by its values, not by the preset's name", "[plan]")
{
    train::TrainSpec const spec =
        plan_of("[train]\nmodels = dcgan\nlatent_dims = 5\n").chains[0].spec;
    CHECK(spec.canonical().text() == R"(algorithm = 1
batch = 64
beta1 = 0.5
beta2 = 0.999
data_checksum = checksum
discriminator_rate = 0.0002
epsilon = 1e-08
generator_rate = 0.001
intervals = 100
latent_dim = 5
model = dcgan
seed = 1
steps_per_snapshot = 40
threads = 2
weight_deviation = 0.02
)");
    CHECK(spec.stream_domain() == "train/dcgan/5");
}

TEST_CASE("the cut into blocks is part of the job's id, the order of lists is not", "[plan]")
{
    JobId const job = plan_of("[train]\nmodels = vae,dcgan\n").job;
    CHECK(plan_of("[train]\nmodels = dcgan,vae\n").job == job);
    CHECK(plan_of("[trials]\nblock_size = 50\n").job != job);
    CHECK(plan_of("[trials]\ncount = 299\n").job != job);
    CHECK(plan_of("[trials]\nblock_size = 300\n").job ==
          plan_of("[trials]\nblock_size = 999\n").job);
}

TEST_CASE("the paper's first table as a plan", "[plan]")
{
    Plan const plan = plan_of("");  // the defaults: 2 models, k = 5, 10, 20, adam and surfing
    REQUIRE(plan.chains.size() == 6);
    REQUIRE(plan.cells.size() == 12);
    REQUIRE(plan.blocks.size() == 36);
    CHECK(plan.chains[0].header.snapshots == 101);
    CHECK(plan.chains[0].header.id() == plan.chains[0].spec.id());
    CHECK(plan.chains[1].spec.latent_dim == 10);
    CHECK(plan.chains[3].spec.model == model::ModelKind::dcgan);
    std::set<CellId> ids;
    for (std::size_t i = 0; i < plan.cells.size(); ++i)
    {
        PlannedCell const& cell = plan.cells[i];
        bool const surfs = i % 2 == 1;
        CHECK(cell.chain == static_cast<sched::ChainIndex>(i / 2));
        CHECK(cell.spec.chain == plan[cell.chain].header.id());
        CHECK(cell.spec.method == (surfs ? trial::Method::surfing : trial::Method::adam));
        CHECK(cell.budget_from.has_value() == surfs);
        CHECK((!surfs || *cell.budget_from == static_cast<sched::CellIndex>(i - 1)));
        CHECK(cell.spec.problem.measurements == model::image_size);
        ids.insert(cell.spec.id());
    }
    CHECK(ids.size() == 12);
    CHECK(plan.work().cells.size() == 12);
    CHECK(plan.work().blocks.size() == 36);
    CHECK(plan.work().blocks[35].cell == sched::CellIndex{11});
}

TEST_CASE("blocks cover a cell's trials, the last one is shorter", "[plan]")
{
    Plan const plan = plan_of(sweep);
    CHECK(plan.chains.size() == 4);
    CHECK(plan.cells.size() == 24);
    CHECK(plan.blocks.size() == 72);
    auto const blocks = plan.blocks_of(sched::CellIndex{7});
    REQUIRE(blocks.size() == 3);
    std::int64_t next = 0;
    for (sched::BlockIndex const index : blocks)
    {
        CHECK(plan[index].cell == sched::CellIndex{7});
        CHECK(plan[index].first == next);
        CHECK(plan[index].cost > 0);
        next += plan[index].count;
    }
    CHECK(next == 250);
    CHECK(plan[blocks[2]].count == 50);
    trial::BlockSpec const spec = plan.block_spec({blocks[2], 321});
    CHECK(spec.cell.id() == plan[sched::CellIndex{7}].spec.id());
    CHECK(spec.first == 200);
    CHECK(spec.count == 50);
    CHECK(spec.budget == 321);
}

TEST_CASE("a thousand cells are planned at once", "[plan]")
{
    std::string measurements = "1";
    for (int m = 2; m <= 250; ++m)
    {
        measurements += fmt::format(",{}", m);
    }
    Plan const plan = plan_of(
        "[train]\nlatent_dims = 5\n[trials]\ntasks = recovery\nmeasurements = " + measurements +
        "\n");
    CHECK(plan.cells.size() == 1000);
    CHECK(plan.blocks_of(sched::CellIndex{999}).back() == sched::BlockIndex{2999});
}
