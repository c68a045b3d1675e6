#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "data/images.hpp"
#include "hdf5/file.hpp"
#include "integration/sweep.hpp"

using namespace surf;
using namespace surf::test;

namespace
{

void flip_bit(fs::path const& file, std::size_t offset)
{
    std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekg(static_cast<std::streamoff>(offset));
    char const byte = static_cast<char>(stream.get() ^ 1);
    stream.seekp(static_cast<std::streamoff>(offset));
    stream.put(byte);
    stream.close();
    REQUIRE(stream);
}

void truncate_to_half(fs::path const& file)
{
    fs::resize_file(file, fs::file_size(file) / 2);
}

/// In place: a program that reads the file meanwhile sees it.
void overwrite_half(fs::path const& file)
{
    auto const half = static_cast<std::streamoff>(fs::file_size(file) / 2);
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(half);
    stream << std::string(static_cast<std::size_t>(half), 'x');
    REQUIRE(stream.flush());
}

/// A segment of an adam cell (on which the surfing cell depends), or of a surfing cell.
fs::path segment_of(Sweep const& sweep, std::string const& method)
{
    for (fs::path const& file : sweep.segments())
    {
        h5::FileReader const segment(file);
        if ((segment.root().attribute<std::int64_t>("budget_steps") == 0) == (method == "adam"))
        {
            return file;
        }
    }
    throw std::runtime_error("no segment of " + method);
}

/// The next run sets the file aside, says so, makes it again and leaves all other files alone.
void check_repair(Sweep const& sweep, fs::path const& damaged, Command const& command)
{
    std::vector<fs::path> others = sweep.chains();
    for (fs::path const& segment : sweep.segments())
    {
        others.push_back(segment);
    }
    std::erase(others, damaged);
    auto const untouched = stamps(others);
    fs::path const bad = damaged.string() + ".bad";
    std::string const damage = bytes_of(damaged);
    REQUIRE_FALSE(fs::exists(bad));

    Ended const ended = run(command);
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    CHECK_THAT(ended.errors, Catch::Contains(damaged.string()));
    CHECK_THAT(ended.errors, Catch::Contains("set aside as " + bad.filename().string() +
                                             ", what it held is computed again\n"));
    bool const kept = bytes_of(bad) == damage;
    CHECK(kept);
    CHECK(stamps(others) == untouched);
    CHECK(sweep.status()["set_aside"] == nlohmann::json::array({bad.string()}));
    check_same_chains(finished(small_job), sweep);
    check_same_results(finished(small_job), sweep);
}

}  // namespace

TEST_CASE("every file that a run leaves is valid", "[damaged_files]")
{
    Sweep const& sweep = finished(small_job);
    std::set<fs::path> const plain = {"job.ini", "data_checksum", "run.json", ".lock"};
    std::size_t checked = 0;
    for (fs::path const& entry : fs::recursive_directory_iterator(sweep.output()))
    {
        bool const is_note = entry.parent_path().filename() == "grants";
        if (fs::is_directory(entry) || is_note || plain.contains(entry.filename()))
        {
            continue;
        }
        REQUIRE(entry.extension() == ".h5");
        Ended const ended = run(surf_sweep({"validate", entry.string()}));
        INFO(ended.text());
        CHECK(ended.code == 0);
        CHECK_THAT(ended.output, Catch::StartsWith(entry.string() + ": OK, surf_sweep/"));
        CHECK(ended.errors.empty());
        ++checked;
    }
    CHECK(checked == 1 + 1 + small_job_blocks);
}

TEST_CASE("damaged segments are computed again", "[damaged_files]")
{
    Sweep const sweep(finished(small_job));
    for (std::string const method : {"adam", "surfing"})
    {
        INFO(method);
        // HDF5 keeps the text of this attribute without a checksum of its own.
        fs::path const segment = segment_of(sweep, method);
        std::string const cell = h5::FileReader(segment).root().attribute<std::string>("cell");
        std::size_t const offset = bytes_of(segment).find(cell);
        REQUIRE(offset != std::string::npos);
        flip_bit(segment, offset + cell.find("learning_rate"));
        Ended const validated = run(surf_sweep({"validate", segment.string()}));
        INFO(validated.text());
        CHECK(validated.code == 4);
        CHECK_THAT(validated.errors,
                   Catch::StartsWith("surf_sweep: error: " + segment.string() + " is damaged"));
        check_repair(sweep, segment, sweep.command("run"));
        fs::remove(segment.string() + ".bad");
    }
    fs::path const segment = segment_of(sweep, "surfing");
    truncate_to_half(segment);
    check_repair(sweep, segment, on_ranks(2, sweep.command("run")));
}

TEST_CASE("a damaged chain is trained again", "[damaged_files]")
{
    Sweep const sweep(finished(small_job));
    fs::path const chain = sweep.chains().front();
    flip_bit(chain, fs::file_size(chain) / 2);  // weights: nearly all of the file
    Ended const validated = run(surf_sweep({"validate", chain.string()}));
    INFO(validated.text());
    CHECK(validated.code == 4);
    CHECK_THAT(validated.errors,
               Catch::StartsWith("surf_sweep: error: " + chain.string() + ": snapshot "));
    fs::remove(segment_of(sweep, "surfing"));  // so that the chain is needed
    check_repair(sweep, chain, on_ranks(2, sweep.command("run")));
}

TEST_CASE("a chain that is damaged under a run is trained again in the same run", "[damaged_files]")
{
    Sweep const sweep(small_job);
    surf::test::RunningProgram program(on_ranks(2, sweep.command("run")));
    program.wait_until([&] { return !sweep.segments().empty(); });
    overwrite_half(sweep.chains().front());
    Ended const ended = program.wait();
    INFO(ended.text());
    CHECK(ended.code == 0);
    CHECK(files_in(sweep.output() / "chains", ".bad").size() == 1);
    check_same_chains(finished(small_job), sweep);
    check_same_results(finished(small_job), sweep);
}

TEST_CASE("truncated results are written anew", "[damaged_files]")
{
    Sweep const sweep(finished(small_job));
    truncate_to_half(sweep.results());
    check_repair(sweep, sweep.results(), sweep.command("run"));
}

TEST_CASE("another job's chain under the expected name is refused and kept", "[damaged_files]")
{
    Sweep const other(small_job);
    Ended const made =
        run(other.command("run", {"--seed=8", "--train.intervals=1", "--train.steps_per_snapshot=1",
                                  "--trials.count=1"}));
    INFO(made.text());
    REQUIRE(made.code == 0);
    Sweep const sweep(finished(small_job));
    fs::path const chain = sweep.chains().front();
    fs::copy_file(other.chains().front(), chain, fs::copy_options::overwrite_existing);
    fs::remove_all(sweep.output() / "segments");
    auto const stamp = stamps({chain});
    for (int const ranks : {1, 2})
    {
        Command const command = sweep.command("run", {"--log-level=warn"});
        Ended const ended = run(ranks == 1 ? command : on_ranks(ranks, command));
        INFO(ended.text());
        CHECK(ended.code == 4);
        std::string const line = ended.errors.substr(0, ended.errors.find('\n') + 1);
        CHECK_THAT(line, Catch::StartsWith("surf_sweep: error: " + chain.string() + ": "));
        CHECK_THAT(line, Catch::Contains("seed = 8, not 7"));
        CHECK_THAT(line, Catch::Contains("(the chain belongs to another job)"));
        CHECK((ranks > 1 || ended.errors == line));
        CHECK(ended.errors.find("surf_sweep: error: ", 1) == std::string::npos);
        CHECK(stamps({chain}) == stamp);
        CHECK(files_in(sweep.output() / "chains", "").size() == 1);
    }
}

TEST_CASE("another learning rate keeps the chain and the other job's results", "[damaged_files]")
{
    Sweep const sweep(finished(small_job));
    auto const chains = stamps(sweep.chains());
    auto const segments = stamps(sweep.segments());
    std::string const first_results = bytes_of(sweep.results());
    std::string const first_job =
        h5::FileReader(sweep.results()).root().group("provenance").attribute<std::string>("job_id");
    fs::path const kept = sweep.output() / ("results-" + first_job.substr(0, 8) + ".h5");

    Command const other = sweep.command("run", {"--adam.learning_rate=0.02"});
    Ended const ended = run(other);
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    CHECK_THAT(ended.errors,
               Catch::Contains(sweep.results().string() + " held the results of another job (" +
                               first_job.substr(0, 8) + "): renamed to " +
                               kept.filename().string() + "\n"));
    CHECK_THAT(ended.errors,
               Catch::Contains((sweep.output() / "job.ini").string() + " was of another job (" +
                               first_job.substr(0, 8) + "): kept as job-" + first_job.substr(0, 8) +
                               ".ini\n"));
    CHECK(ended.errors.find("stored already") == std::string::npos);
    CHECK(stamps(sweep.chains()) == chains);
    CHECK(sweep.segments().size() == 2 * small_job_blocks);
    auto old = stamps(sweep.segments());
    std::erase_if(old, [&](auto const& entry) { return !segments.contains(entry.first); });
    CHECK(old == segments);
    bool const same_bytes = bytes_of(kept) == first_results;
    CHECK(same_bytes);
    CHECK(contents(sweep.results(), "trials") != contents(kept, "trials"));
    std::string const kept_job =
        bytes_of(sweep.output() / ("job-" + first_job.substr(0, 8) + ".ini"));
    CHECK_THAT(kept_job, Catch::Contains("learning_rate = 0.01\n"));
    CHECK_THAT(bytes_of(sweep.output() / "job.ini"), Catch::Contains("learning_rate = 0.02\n"));

    // Back again: nothing is to be computed.
    auto const all = stamps(sweep.segments());
    Ended const back = run(sweep.command("run"));
    INFO(back.text());
    REQUIRE(back.code == 0);
    CHECK_THAT(back.errors, Catch::Contains("8 of 8 blocks are stored already\n"));
    CHECK(stamps(sweep.segments()) == all);
    check_same_results(finished(small_job), sweep);
}

TEST_CASE("images that change while a run trains are noticed before they are used",
          "[damaged_files]")
{
    fs::path const installed = "/usr/share/datasets/fashion-mnist";
    std::string const training = "train-images-idx3-ubyte.gz";
    std::string const test = "t10k-images-idx3-ubyte.gz";
    ScratchFolder const images;
    for (std::string const& name : {training, test})
    {
        fs::copy(installed / name, images.path / name);
    }
    Sweep const sweep(std::regex_replace(small_job, std::regex("dcgan"), "dcgan,vae"));
    Command const command = sweep.command("run", {"--data", images.path.string()});
    test::RunningProgram program(command);
    program.wait_until([&] { return trained_to(sweep, 1) > 0; });
    // The first chain's images are in memory. These are as good, but others.
    fs::copy(installed / test, images.path / training, fs::copy_options::overwrite_existing);

    Ended const ended = program.wait();
    INFO(ended.text());
    CHECK(ended.code == 4);
    CHECK_THAT(ended.errors, Catch::Contains("data = " + images.path.string() +
                                             ": the images have changed since the run began ("));
    CHECK(sweep.chains().size() == 1);

    fs::copy(installed / training, images.path / training, fs::copy_options::overwrite_existing);
    Ended const resumed = run(command);
    INFO(resumed.text());
    CHECK(resumed.code == 0);
    CHECK(sweep.chains().size() == 2);
}

TEST_CASE("a damaged note of job or data is said, not taken for another job", "[damaged_files]")
{
    for (char const* const name : {"job.ini", "data_checksum"})
    {
        INFO(name);
        Sweep const sweep(finished(small_job));
        fs::path const note = sweep.output() / name;
        flip_bit(note, 5);
        for (char const* const command : {"status", "reduce"})
        {
            Ended const ended = run(surf_sweep({command, "--output", sweep.output().string()}));
            INFO(ended.text());
            CHECK(ended.code == 4);
            CHECK_THAT(ended.errors,
                       Catch::Contains(note.string() + " is not as surf_sweep wrote"));
        }
        auto const untouched = stamps(sweep.segments());
        Ended const again = run(sweep.command("run"));
        INFO(again.text());
        CHECK(again.code == 0);
        CHECK(stamps(sweep.segments()) == untouched);
        CHECK(run(surf_sweep({"status", "--output", sweep.output().string()})).code == 0);
    }
}

TEST_CASE("other images under the same name are refused until they are accepted", "[damaged_files]")
{
    Sweep const sweep(small_job);
    ScratchFolder const folder;
    fs::path const images = folder.path / "images";
    fs::create_directory(images);
    auto const take = [&](std::string const& name, std::string const& from) {
        fs::remove(images / name);
        fs::create_symlink(fs::path(surf::data::default_folder) / from, images / name);
    };
    for (fs::path const& file : fs::directory_iterator(surf::data::default_folder))
    {
        take(file.filename(), file.filename());
    }
    Command const command = sweep.command("run", {"--data=" + images.string()});
    REQUIRE(run(command).code == 0);
    auto const stored = stamps(sweep.segments());
    take("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz");
    take("train-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte.gz");
    Ended const refused = run(command);
    INFO(refused.text());
    CHECK(refused.code == 2);
    CHECK_THAT(refused.errors, Catch::Contains("what is stored there is of other images") &&
                                   Catch::Contains("--accept-new-data"));
    CHECK(stamps(sweep.segments()) == stored);
    Command accepted = command;
    accepted.push_back("--accept-new-data");
    Ended const ended = run(accepted);
    INFO(ended.text());
    CHECK(ended.code == 0);
    CHECK(sweep.segments().size() == 2 * stored.size());
    CHECK(run(command).code == 0);
}
