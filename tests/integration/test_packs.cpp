#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "integration/sweep.hpp"

using namespace surf;
using namespace surf::test;

namespace
{

/// More blocks than share a file, of one short trial each.
constexpr char const* many_blocks = R"(seed = 7
[train]
models = relu
latent_dims = 2
intervals = 2
steps_per_snapshot = 2
batch = 8
[trials]
methods = adam
count = 260
block_size = 1
[stop]
window = 20
max_iterations = 20
success_distance = 2
)";
constexpr std::size_t all_blocks = 260;
constexpr std::size_t blocks_a_pack = 256;

std::vector<fs::path> pack_files(Sweep const& sweep)
{
    return files_in(sweep.output() / "packs", ".h5");
}

void check_packed(Sweep const& sweep)
{
    CHECK(pack_files(sweep).size() == 1);
    CHECK(sweep.segments().size() == all_blocks - blocks_a_pack);
}

Ended run_to_end(Sweep const& sweep, int ranks = 1)
{
    Command const command = sweep.command("run");
    Ended ended = run(ranks == 1 ? command : on_ranks(ranks, command));
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    return ended;
}

/// Whose blocks all have files of their own: no pack can be made where there is no place for it.
Sweep const& unpacked()
{
    static Sweep const sweep(many_blocks);
    if (!fs::exists(sweep.output()))
    {
        fs::create_directory(sweep.output());
        fs::create_symlink("nowhere", sweep.output() / "packs");
        Ended const ended = run_to_end(sweep);
        CHECK_THAT(ended.errors, Catch::Contains("blocks cannot be packed, their files stay: "));
        REQUIRE(sweep.segments().size() == all_blocks);
        fs::remove(sweep.output() / "packs");
    }
    return sweep;
}

}  // namespace

TEST_CASE("a run packs its blocks, and its results are those of single files", "[packs]")
{
    Sweep const sweep(many_blocks);
    Ended const ended = run_to_end(sweep, 2);
    check_packed(sweep);
    check_same_results(unpacked(), sweep);
    CHECK(run(surf_sweep({"validate", pack_files(sweep)[0].string()})).code == 0);
    nlohmann::json const status = sweep.status();
    CHECK(status["cells"][0]["blocks_done"] == all_blocks);
}

TEST_CASE("an old output with single files goes on, and is packed", "[packs]")
{
    Sweep const reduced(unpacked());
    fs::remove(reduced.results());
    Ended const ended = run(reduced.command("reduce"));
    INFO(ended.text());
    CHECK(ended.code == 0);
    check_packed(reduced);
    check_same_results(unpacked(), reduced);

    Sweep const sweep(unpacked());
    fs::remove(sweep.segments()[17]);
    CHECK_THAT(run_to_end(sweep).errors, Catch::Contains("259 of 260 blocks are stored already"));
    check_packed(sweep);
    check_same_results(unpacked(), sweep);

    // Killed between the pack and the removal of what it stands for.
    auto const pack = stamps(pack_files(sweep));
    fs::copy(unpacked().output() / "segments", sweep.output() / "segments",
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    REQUIRE(sweep.segments().size() == all_blocks);
    CHECK_THAT(run_to_end(sweep).errors, Catch::Contains("260 of 260 blocks are stored already"));
    CHECK(stamps(pack_files(sweep)) == pack);
    check_packed(sweep);
}
