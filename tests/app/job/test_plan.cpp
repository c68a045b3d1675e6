#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "app/job/options.hpp"
#include "app/job/plan.hpp"
#include "chain/reader.hpp"
#include "support/models.hpp"

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

constexpr Shape images{1, 28, 28};

Plan plan_of(std::string const& text, DataSpec const& data = {"checksum", images})
{
    return make_plan(parse_job(text, "test"), data);
}

ChainId id_of(PlannedChain const& chain)
{
    return chain.header.id();
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
    auto const same = [&](Method method) {
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
            std::ranges::equal(before.chains, after.chains, {}, id_of, id_of), same(Method::adam),
            same(Method::surfing)};
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
    check_change("chains = elsewhere\n", {same, same, same, same});
    check_change("[stop]\nsuccess_distance = 0.1\n", {other, same, other, other});
    check_change("[surfing]\nratio = 0.9\n", {other, same, same, other});
    check_change("[surfing]\nadam_state = keep\n", {other, same, same, other});
    check_change("[train]\nintervals = 50\n", {other, other, other, other});
    check_change("[train]\nbatch = 32\n", {other, other, other, other});
    check_change("[train]\nthreads = 1\n", {other, other, other, other});
    check_change("[train]\nbatch = 64\ngenerator_rate = 0.001\n", {same, same, same, same});
    check_change("seed = 2\n", {other, other, other, other});

    Unchanged const data = compare(plan_of(sweep), plan_of(sweep, {"other checksum", images}));
    CHECK_FALSE((data.job || data.chains || data.adam || data.surfing));
}

TEST_CASE("a discriminator's rate is no part of a vae's chain", "[plan]")
{
    Plan const before = plan_of("[train]\nmodels = vae,dcgan\nlatent_dims = 5\n");
    Plan const after =
        plan_of("[train]\nmodels = vae,dcgan\nlatent_dims = 5\ndiscriminator_rate = 0.5\n");
    CHECK(id_of(before.chains[0]) == id_of(after.chains[0]));
    CHECK(id_of(before.chains[1]) != id_of(after.chains[1]));
}

TEST_CASE("a chain is canonical by its values, not by the preset's name", "[plan]")
{
    PlannedChain const chain = plan_of("[train]\nmodels = dcgan\nlatent_dims = 5\n").chains[0];
    REQUIRE(chain.training);
    TrainSpec const& spec = *chain.training;
    CHECK(spec.canonical().text() == R"(algorithm = 5
batch = 64
beta1 = 0.5
beta2 = 0.999
critic_steps = 1
data_checksum = checksum
discriminator_rate = 0.0002
epsilon = 1e-08
generator = infogan
generator_rate = 0.001
intervals = 100
latent_dim = 5
optimiser = adam
seed = 1
steps_per_snapshot = 40
threads = 2
training = dcgan
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
    // Otherwise the defaults: k = 5, 10, 20, adam and surfing.
    Plan const plan = plan_of("[train]\nmodels = vae,dcgan\n");
    REQUIRE(plan.chains.size() == 6);
    REQUIRE(plan.cells.size() == 12);
    REQUIRE(plan.blocks.size() == 36);
    CHECK(plan.chains[0].header.snapshots == 101);
    REQUIRE(plan.chains[0].training);
    CHECK(plan.chains[0].header.id() == plan.chains[0].training->id());
    CHECK(plan.chains[0].path == chain::chain_path("chains", plan.chains[0].header.id()));
    CHECK(plan.chains[1].training->latent_dim == 10);
    CHECK(plan.chains[1].generator().latent_dim == 10);
    CHECK(plan.chains[3].training->model == test::models::dcgan);
    CHECK(plan.chains[3].name() == "dcgan k=5");
    std::set<CellId> ids;
    for (std::size_t i = 0; i < plan.cells.size(); ++i)
    {
        PlannedCell const& cell = plan.cells[i];
        bool const surfs = i % 2 == 1;
        CHECK(cell.chain == static_cast<sched::ChainIndex>(i / 2));
        CHECK(cell.spec.chain == plan[cell.chain].header.id());
        CHECK(cell.spec.method == (surfs ? Method::surfing : Method::adam));
        CHECK(cell.budget_from == (surfs ? std::vector{static_cast<sched::CellIndex>(i - 1)}
                                         : std::vector<sched::CellIndex>()));
        CHECK(cell.spec.measurements() == images.size());
        ids.insert(cell.spec.id());
    }
    CHECK(ids.size() == 12);
    CHECK(plan.work().cells.size() == 12);
    CHECK(plan.work().blocks.size() == 36);
    CHECK(plan.work().blocks[35].cell == sched::CellIndex{11});
}

TEST_CASE("all pixels may be measured with noise", "[plan]")
{
    std::string const all_pixels =
        "[train]\nmodels = dcgan\nlatent_dims = 5\n[trials]\nmethods = adam\n"
        "operator = identity\nnoise = 0.1\ntasks = ";
    Plan const plan = plan_of(all_pixels + "recovery,approximation,inversion\n");
    REQUIRE(plan.cells.size() == 3);
    CHECK(plan.cells[0].spec.problem.task == Task::recovery);
    CHECK(plan.cells[0].spec.problem.measured_by == Operator::identity);
    CHECK(plan.cells[0].spec.measurements() == images.size());
    CHECK(plan.cells[0].spec.problem.noise == 0.1);
    CHECK(plan.cells[2].spec.problem.noise == 0);  // inversion sees the image itself
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
    BlockSpec const spec = plan.block_spec({blocks[2], {321, 5}});
    CHECK(spec.cell.id() == plan[sched::CellIndex{7}].spec.id());
    CHECK(spec.first == 200);
    CHECK(spec.count == 50);
    CHECK((spec.budget == Budget{321, 5}));
}

TEST_CASE("a thousand cells are planned at once", "[plan]")
{
    std::string measurements = "1";
    for (int m = 2; m <= 250; ++m)
    {
        measurements += fmt::format(",{}", m);
    }
    Plan const plan = plan_of(
        "[train]\nmodels = vae,dcgan\nlatent_dims = 5\n[trials]\ntasks = recovery\nmeasurements "
        "= " +
        measurements + "\n");
    CHECK(plan.cells.size() == 1000);
    CHECK(plan.blocks_of(sched::CellIndex{999}).back() == sched::BlockIndex{2999});
}

TEST_CASE("restarts take their budget from surfing, surfing from adam", "[plan]")
{
    Plan const plan = plan_of(
        "[train]\nmodels = dcgan\nlatent_dims = 5\n[trials]\nmethods = "
        "restarts,restarts-surfing,surfing,adam\n[restarts]\nbudget = surfing\n");
    using Cells = std::vector<sched::CellIndex>;
    REQUIRE(plan.cells.size() == 4);
    CHECK(plan.cells[0].spec.method == Method::adam);
    CHECK(plan.cells[1].budget_from == Cells{sched::CellIndex{0}});
    CHECK(plan.cells[2].spec.method == Method::restarts);
    CHECK(plan.cells[2].budget_from == Cells{sched::CellIndex{1}});
    CHECK(plan.cells[3].budget_from == Cells{sched::CellIndex{0}, sched::CellIndex{1}});
    CHECK((plan.work().cells[3].budget == Budget{}));
}

TEST_CASE("restarts.budget names another method, or a number", "[plan]")
{
    std::string const job =
        "[train]\nmodels = dcgan\nlatent_dims = 5\n[trials]\nmethods = restarts,lm,surfing-lm\n";
    CHECK_THROWS_WITH(plan_of(job), Catch::Contains("trials.methods = restarts,lm,surfing-lm: "
                                                    "restarts needs surfing (its budget comes "
                                                    "from surfing's trials); add surfing, or give "
                                                    "a number as restarts.budget"));
    Plan const named = plan_of(job + "[restarts]\nbudget = surfing-lm\n");
    REQUIRE(named.cells.size() == 3);
    CHECK(named.cells[0].spec.method == Method::surfing_lm);  // before who waits for it
    CHECK(named.cells[1].budget_from == std::vector{sched::CellIndex{0}});
    Plan const number = plan_of(job + "[restarts]\nbudget = 500\n");
    CHECK(number.cells[0].budget_from.empty());
    CHECK((number.work().cells[0].budget == Budget{0, 500}));
    CHECK(number.blocks[0].cost == Approx(100 * 500));
}

TEST_CASE("a model is trained once for each seed", "[plan]")
{
    std::string const job = "seed = 9\n[train]\nmodels = dcgan\nlatent_dims = 5\n";
    Plan const one = plan_of(job);
    REQUIRE(one.chains.size() == 1);
    CHECK(one.chains[0].training->seed == 9);
    CHECK(one.chains[0].number == 9);
    CHECK(one.chains[0].name() == "dcgan k=5");
    Plan const three = plan_of(job + "seeds = 4,9,2\n[trials]\nseed = 77\n");
    REQUIRE(three.chains.size() == 3);
    CHECK(three.chains[0].name() == "dcgan k=5 training=4");
    CHECK(three.chains[1].header.id() == one.chains[0].header.id());  // trials' seed is apart
    CHECK(three.chains[2].training->seed == 2);
    REQUIRE(three.cells.size() == 6);
    for (PlannedCell const& cell : three.cells)
    {
        CHECK(cell.spec.problem.seed == 77);
    }
}

TEST_CASE("second-order methods take no budget and cost less than first-order ones", "[plan]")
{
    Plan const plan = plan_of(
        "[train]\nmodels = dcgan\nlatent_dims = 20\n[trials]\nmethods = lm,surfing-lm,adam\n");
    REQUIRE(plan.cells.size() == 3);
    CHECK(plan.cells[1].spec.method == Method::lm);
    CHECK(plan.cells[2].spec.method == Method::surfing_lm);
    for (std::size_t i = 1; i < 3; ++i)
    {
        CHECK(plan.cells[i].budget_from.empty());
        CHECK(plan.blocks[3 * i].cost < plan.blocks[0].cost / 20);
    }
    CHECK(plan.blocks[3].cost < plan.blocks[6].cost);
}

TEST_CASE("experiments share the chains and cells that are the same", "[plan]")
{
    std::string const two =
        "experiments = linear,geometric\n[linear.surfing]\nschedule = linear\n"
        "[train]\nmodels = dcgan\nlatent_dims = 5\n";
    Plan const plan = plan_of(two);
    CHECK(plan.chains.size() == 1);
    REQUIRE(plan.cells.size() == 3);  // adam's is the same
    REQUIRE(plan.experiments.size() == 2);
    using sched::CellIndex;
    CHECK(plan.experiments[0].cells == std::vector{CellIndex{0}, CellIndex{1}});
    CHECK(plan.experiments[1].cells == std::vector{CellIndex{0}, CellIndex{2}});
    CHECK(plan.cells[2].budget_from == std::vector{CellIndex{0}});
    CHECK(plan.blocks.size() == 9);
    CHECK_THROWS_AS(plan_of(two + "[linear.trials]\ncount = 100\n"), InputError);

    // As many steps as surfing took: restarts differ where surfing does.
    Plan const restarts = plan_of(two + "[trials]\nmethods = adam,surfing,restarts\n");
    CHECK(restarts.cells.size() == 5);
}

TEST_CASE("an experiment may have surfaces and no trials", "[plan]")
{
    Plan const plan = plan_of(
        "[train]\nmodels = vae\nlatent_dims = 2\n[trials]\ntasks = none\n[surface]\ntargets = 2\n");
    CHECK(plan.cells.empty());
    REQUIRE(plan.experiments[0].surfaces.size() == 1);
    CHECK(plan.experiments[0].surfaces[0].spec.targets == 2);
}

TEST_CASE("every job of jobs/ can be planned", "[plan]")
{
    namespace fs = std::filesystem;
    std::int64_t planned = 0;
    for (fs::directory_entry const& entry : fs::directory_iterator(SURF_SOURCE_DIR "/jobs"))
    {
        if (entry.path().extension() != ".ini")
        {
            continue;
        }
        CAPTURE(entry.path().string());
        Job const job = parse_options({"plan", "--job", entry.path().string()}).job;
        bool const chains_elsewhere =
            std::ranges::any_of(job.experiments, [](Experiment const& experiment) {
                return experiment.train.trained_models().size() != experiment.train.models.size();
            });
        if (!chains_elsewhere)
        {
            CHECK_NOTHROW(make_plan(job, {"checksum", images}));
            ++planned;
        }
    }
    CHECK(planned > 20);
}

TEST_CASE("every experiment of every job of jobs/ can be planned alone", "[plan]")
{
    namespace fs = std::filesystem;
    std::int64_t planned = 0;
    for (fs::directory_entry const& entry : fs::directory_iterator(SURF_SOURCE_DIR "/jobs"))
    {
        std::string const file = entry.path().string();
        if (entry.path().extension() != ".ini")
        {
            continue;
        }
        Job const job = parse_options({"plan", "--job", file}).job;
        for (Experiment const& experiment : job.experiments)
        {
            if (experiment.name == Experiment::default_name)
            {
                continue;
            }
            CAPTURE(file, experiment.name);
            CHECK_NOTHROW([&] {
                Job const alone =
                    parse_options({"plan", "--job", file, "--experiments", experiment.name}).job;
                REQUIRE(alone.experiments.size() == 1);
                CHECK(parse_job(alone.text(), "again").text() == alone.text());
                make_plan(alone, {"checksum", images});
            }());
            ++planned;
        }
    }
    CHECK(planned > 30);
}

TEST_CASE("the paper's jobs plan all that the paper has, sharing chains", "[plan]")
{
    auto const job = [](std::string const& name) {
        return parse_options(
                   {"plan", "--job", fmt::format("{}/jobs/{}.ini", SURF_SOURCE_DIR, name)})
            .job;
    };
    DataSpec const data{"checksum", images};
    Plan const paper = make_plan(job("paper"), data);
    auto const cells = [&](std::size_t experiment) {
        return paper.experiments.at(experiment).cells;
    };
    CHECK(paper.experiments[0].surfaces.size() == 1);
    CHECK(cells(1).size() == 4 * 3 * 3);  // models, latent dimensions, methods
    CHECK(cells(2) == cells(1));
    CHECK(cells(3).size() == 2 * 9 * 2);  // models, measurement counts, methods
    CHECK(cells(4).size() == 2 * 9 * 2);
    CHECK(paper.chains.size() == 1 + 12 + 2);

    auto const cell_ids = [](Plan const& plan, PlannedExperiment const& experiment) {
        std::vector<CellId> ids;
        for (sched::CellIndex const cell : experiment.cells)
        {
            ids.push_back(plan[cell].spec.id());
        }
        return ids;
    };
    for (char const* const name :
         {"figure1", "theory", "demo", "paper-mini", "figure1-mini", "table1-mini", "figure2-mini",
          "figure3-mini", "figure4-mini", "theory-mini", "table1-dcgan-k10-mini",
          "table1-wgan-k10-mini", "second-order", "second-order-mini", "projected",
          "projected-mini"})
    {
        INFO(name);
        CHECK_NOTHROW(make_plan(job(name), data));
    }
    for (std::size_t i = 1; i < paper.experiments.size(); ++i)
    {
        PlannedExperiment const& experiment = paper.experiments[i];
        INFO(experiment.name);
        Plan const single = make_plan(job(experiment.name), data);
        bool const same_cells =
            cell_ids(single, single.experiments[0]) == cell_ids(paper, experiment);
        CHECK(same_cells);
    }
}
