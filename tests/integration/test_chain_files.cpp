#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/random.hpp"
#include "chain/partial_chain.hpp"
#include "chain/reader.hpp"
#include "hdf5/file.hpp"
#include "integration/sweep.hpp"
#include "spec/architecture.hpp"

using namespace surf;
using namespace surf::test;

namespace
{

constexpr Shape image{3, 8, 6};  ///< that no data set on this machine has
constexpr std::int64_t snapshots = 4;
constexpr int blocks = 16;  ///< of two tasks, two methods and eight trials by two

/// The paper's network with random weights.
Parameters random_weights(NetworkSpec const& network, std::uint64_t seed)
{
    RandomStream stream(seed, "test/line", Purpose::weights, 0);
    Parameters parameters;
    for (ArraySpec const& array : arrays_of(network))
    {
        std::size_t size = 1;
        for (std::int64_t const extent : array.shape)
        {
            size *= static_cast<std::size_t>(extent);
        }
        std::vector<float> values(size);
        stream.fill_normal(values, 0, 1 / std::sqrt(static_cast<double>(array.shape.front())));
        parameters.push_back({array.name, array.shape, std::move(values)});
    }
    return parameters;
}

/// A chain that was not trained here: networks on a straight line between two random ones, whose
/// numbers lie around 0. Returns its path.
fs::path write_line_chain(fs::path const& folder)
{
    constexpr std::int64_t latent_dim = 4;
    GeneratorSpec generator;
    generator.label = "line";
    generator.latent_dim = latent_dim;
    generator.prior = Prior::normal;
    generator.image = image;
    generator.range = {-1, 1};
    generator.network = relu_generator({image, latent_dim, 2});
    chain::ChainHeader header{{}, snapshots, generator, "a test"};
    header.configuration.add("test", "line");

    Parameters const first = random_weights(*generator.layers(), 1);
    Parameters const last = random_weights(*generator.layers(), 2);
    chain::PartialChain partial(folder, header);
    for (std::int64_t t = 0; t < snapshots; ++t)
    {
        float const share = static_cast<float>(t) / static_cast<float>(snapshots - 1);
        Parameters between = first;
        for (std::size_t i = 0; i < between.size(); ++i)
        {
            for (std::size_t j = 0; j < between[i].values.size(); ++j)
            {
                between[i].values[j] += share * (last[i].values[j] - first[i].values[j]);
            }
        }
        partial.write_snapshot({.index = t, .step = 10 * t, .generator = between});
    }
    partial.finish();
    return chain::chain_path(folder, header.id());
}

/// The chain, for all tests here.
fs::path const& line_chain()
{
    static ScratchFolder const folder;
    static fs::path const path = write_line_chain(folder.path);
    return path;
}

/// Seconds of work: every trial takes as many steps as it may. There are no images.
std::string job_on(fs::path const& chain)
{
    return fmt::format(R"(seed = 7
data = /nowhere
[train]
models = {}
[trials]
tasks = inversion,recovery
operator = block_average
measurements = 36
count = 8
block_size = 2
[stop]
relative_change = 0
relative_target = 0
window = 1000
max_iterations = 1000
success_distance = 2
)",
                       chain.string());
}

/// A run of this job that nothing disturbed.
Sweep const& undisturbed()
{
    static Sweep const sweep(job_on(line_chain()));
    if (!fs::exists(sweep.results()))
    {
        Ended const ended = run(sweep.command("run"));
        INFO(ended.text());
        REQUIRE(ended.code == 0);
        REQUIRE(fs::exists(sweep.results()));
    }
    return sweep;
}

int blocks_done(nlohmann::json const& status)
{
    int done = 0;
    for (nlohmann::json const& cell : status["cells"])
    {
        done += cell["blocks_done"].get<int>();
    }
    return done;
}

}  // namespace

TEST_CASE("a chain that was trained elsewhere is searched without any images", "[chain_files]")
{
    Sweep const& sweep = undisturbed();
    CHECK(sweep.chains().empty());
    CHECK(sweep.segments().size() == blocks);
    for (fs::path const& file : {line_chain(), sweep.results(), sweep.segments().front()})
    {
        Ended const checked = run(surf_sweep({"validate", file.string()}));
        INFO(checked.text());
        CHECK(checked.code == 0);
    }
    h5::Group const trials = h5::FileReader(sweep.results()).root().group("trials");
    CHECK(trials.dataset("model_code").attribute<std::string>("flag_meanings") == "line");
    CHECK(trials.dataset("trial").read<std::int64_t>().size() == 2 * 2 * 8);

    Sweep const on_more(job_on(line_chain()));
    Ended const ended = run(on_ranks(3, on_more.command("run")));
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    check_same_results(sweep, on_more);
}

TEST_CASE("plan and status name a chain that was trained elsewhere", "[chain_files]")
{
    Sweep const fresh(job_on(line_chain()));
    Ended const plan = run(fresh.command("plan"));
    INFO(plan.text());
    CHECK(plan.code == 0);
    CHECK_THAT(plan.output, Catch::Contains(line_chain().string() + "\n"));
    CHECK_THAT(plan.output, Catch::Contains("4 cells in 16 blocks"));
    CHECK_THAT(plan.output, !Catch::Contains("rank 0 trains"));

    nlohmann::json const before = fresh.status();
    REQUIRE(before["chains"].size() == 1);
    auto const& chain = before["chains"][0];
    CHECK(chain["file"] == line_chain().string());
    CHECK(chain["model"] == "line");
    CHECK(chain["latent_dim"] == 4);
    CHECK(chain["state"] == "published");
    CHECK(chain["snapshots"] == snapshots);
    CHECK(chain["snapshots_done"] == snapshots);
    CHECK(before["cells"][0]["measurements"] == image.size());
    CHECK(before["cells"][2]["measurements"] == 36);
    CHECK(blocks_done(before) == 0);

    nlohmann::json const after = undisturbed().status();
    CHECK(after["job_id"] == before["job_id"]);
    CHECK(blocks_done(after) == blocks);
    Ended const table = run(surf_sweep({"status", "--output", undisturbed().output().string()}));
    INFO(table.text());
    CHECK(table.code == 0);
    CHECK_THAT(table.output, Catch::Contains("line   4         0  published        4/4"));
}

TEST_CASE("killed while it searches a chain from elsewhere, a run resumes", "[chain_files]")
{
    Sweep const sweep(job_on(line_chain()));
    Command const command = on_ranks(2, sweep.command("run"));
    test::RunningProgram program(command);
    program.wait_until([&] { return !sweep.segments().empty(); });
    for (pid_t const rank : processes_working_on(sweep.output()))
    {
        ::kill(rank, SIGKILL);
    }
    ::kill(-program.id(), SIGKILL);
    CHECK(program.wait().code == 128 + SIGKILL);
    wait_for_their_end(sweep.output());
    auto const kept = stamps(sweep.segments());
    REQUIRE(kept.size() < blocks);
    REQUIRE_FALSE(fs::exists(sweep.results()));

    Ended const ended = run(command);
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    CHECK(std::regex_search(ended.errors, std::regex("[0-9]+ of 16 blocks are stored already\n")));
    auto now = stamps(sweep.segments());
    CHECK(now.size() == blocks);
    std::erase_if(now, [&](auto const& entry) { return !kept.contains(entry.first); });
    CHECK(now == kept);
    check_same_results(undisturbed(), sweep);
}

TEST_CASE("a chain file may be moved, but must be there", "[chain_files]")
{
    Sweep const sweep(undisturbed());
    ScratchFolder const folder;
    fs::path const moved = folder.path / "moved.h5";
    fs::copy_file(line_chain(), moved);
    std::string const option = "--train.models=" + moved.string();
    auto const all = stamps(sweep.segments());
    Ended const again = run(sweep.command("run", {option}));
    INFO(again.text());
    CHECK(again.code == 0);
    CHECK_THAT(again.errors, Catch::Contains("16 of 16 blocks are stored already\n"));
    CHECK(stamps(sweep.segments()) == all);

    fs::resize_file(moved, fs::file_size(moved) / 2);
    auto const check_refused = [&](std::string const& name, int code) {
        Ended const ended = run(sweep.command(name, {option}));
        INFO(ended.text());
        CHECK(ended.code == code);
        CHECK_THAT(ended.errors,
                   Catch::Contains("surf_sweep: error: ") && Catch::Contains(moved.string()));
        CHECK(fs::exists(moved) == (code == 4));  // not set aside: nothing here can make it again
    };
    for (std::string const name : {"run", "plan", "status"})
    {
        check_refused(name, 4);
    }
    fs::remove(moved);
    for (std::string const name : {"run", "plan", "status"})
    {
        check_refused(name, 3);
    }
    CHECK(stamps(sweep.segments()) == all);
}
