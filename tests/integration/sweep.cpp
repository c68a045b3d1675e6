#include "integration/sweep.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>

#include "data/idx.hpp"
#include "hdf5/file.hpp"

namespace surf::test
{

char const* const small_job = R"(seed = 7
[train]
models = dcgan
latent_dims = 5
intervals = 3
steps_per_snapshot = 3
batch = 8
[trials]
count = 8
block_size = 2
[stop]
window = 20
max_iterations = 40
success_distance = 2
)";

char const* const wide_job = R"(seed = 7
[train]
models = wgan-gp,relu
latent_dims = 5
intervals = 3
steps_per_snapshot = 2
batch = 8
[trials]
tasks = inversion,recovery,approximation
operator = mask
measurements = 50
noise = 0.01
methods = adam,surfing,restarts,restarts-surfing
count = 5
block_size = 2
[restarts]
budget = surfing
[stop]
relative_change = 0.4
window = 20
max_iterations = 40
success_distance = 2
)";

namespace
{

template <h5::Element T>
std::string elements_of(h5::Dataset const& dataset)
{
    std::vector<T> const values = dataset.read<T>();
    auto const bytes = std::as_bytes(std::span(values));
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

std::string elements_of(h5::Dataset const& dataset)
{
    switch (dataset.layout().type)
    {
        case h5::Type::int8:
            return elements_of<std::int8_t>(dataset);
        case h5::Type::uint8:
            return elements_of<std::uint8_t>(dataset);
        case h5::Type::int32:
            return elements_of<std::int32_t>(dataset);
        case h5::Type::int64:
            return elements_of<std::int64_t>(dataset);
        case h5::Type::uint64:
            return elements_of<std::uint64_t>(dataset);
        case h5::Type::float32:
            return elements_of<float>(dataset);
        case h5::Type::float64:
            return elements_of<double>(dataset);
        case h5::Type::string:
        case h5::Type::text:
            return fmt::format("{}", dataset.read<std::string>());
        case h5::Type::other:
            break;
    }
    throw std::runtime_error("a dataset of a type that no schema has");
}

/// The second opinion on two files: that of HDF5's own tool.
void check_no_difference(Command const& files_and_object)
{
    Command command = {SURF_H5DIFF, "-c"};  // also lists what it cannot compare
    command.insert(command.end(), files_and_object.begin(), files_and_object.end());
    Ended const ended = run(command);
    INFO(ended.text());
    CHECK(ended.code == 0);
    std::istringstream lines(ended.output);
    for (std::string line; std::getline(lines, line);)
    {
        CHECK_THAT(line, Catch::EndsWith(" is an empty dataset"));  // a dimension's bare scale
    }
}

void write_big_endian(std::ofstream& file, std::uint32_t number)
{
    for (int const shift : {24, 16, 8, 0})
    {
        file.put(static_cast<char>(number >> shift & 0xff));
    }
}

/// Every third row and every second column, without the border, of the first images: an IDX file.
void thin_out(fs::path const& from, std::uint32_t count, fs::path const& to)
{
    constexpr std::uint32_t rows = 8;
    constexpr std::uint32_t columns = 12;
    data::Images const images = data::read_idx_images(from);
    std::ofstream file(to, std::ios::binary);
    for (std::uint32_t const number : {0x803U, count, rows, columns})
    {
        write_big_endian(file, number);
    }
    for (std::uint32_t i = 0; i < count * rows * columns; ++i)
    {
        std::uint32_t const image = i / (rows * columns);
        std::uint32_t const row = 3 * (i / columns % rows) + 3;
        std::uint32_t const column = 2 * (i % columns) + 2;
        file.put(static_cast<char>(images.pixels[(image * 28 + row) * 28 + column]));
    }
}

std::vector<std::string> names_of(std::vector<fs::path> const& paths)
{
    std::vector<std::string> names;
    std::ranges::transform(paths, std::back_inserter(names),
                           [](fs::path const& path) { return path.filename().string(); });
    return names;
}

}  // namespace

std::string on_small_images(char const* job)
{
    static ScratchFolder const folder;
    if (folder.files() == 0)
    {
        for (auto const& [name, count] : {std::pair("train", 400U), {"t10k", 100U}})
        {
            std::string const file = fmt::format("{}-images-idx3-ubyte", name);
            thin_out(fs::path(data::default_folder) / (file + ".gz"), count, folder.path / file);
        }
    }
    return fmt::format("data = {}\n{}", folder.path.string(), job);
}

Sweep::Sweep(std::string const& job)
{
    std::ofstream(job_file()) << job;
}

Sweep::Sweep(Sweep const& other)
{
    fs::copy(other.scratch_.path, scratch_.path, fs::copy_options::recursive);
}

std::vector<fs::path> Sweep::chains() const
{
    return files_in(output() / "chains", ".h5");
}

std::vector<fs::path> Sweep::segments() const
{
    return files_in(output() / "segments", ".h5");
}

Command Sweep::command(std::string const& name, Command const& more) const
{
    Command arguments = {name, "--job", job_file().string(), "--output", output().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return surf_sweep(arguments);
}

nlohmann::json Sweep::status() const
{
    Ended const ended = run(command("status", {"--json"}));
    INFO(ended.text());
    REQUIRE(ended.code == 0);
    return nlohmann::json::parse(ended.output);
}

Sweep const& finished(std::string const& job)
{
    static std::map<std::string, std::unique_ptr<Sweep>> sweeps;
    auto& sweep = sweeps[job];
    if (!sweep)
    {
        sweep = std::make_unique<Sweep>(job);
        Ended const ended = run(sweep->command("run"));
        INFO(ended.text());
        REQUIRE(ended.code == 0);
        REQUIRE(fs::exists(sweep->results()));
    }
    return *sweep;
}

std::vector<fs::path> files_in(fs::path const& folder, std::string const& end)
{
    std::vector<fs::path> files;
    std::error_code absent;
    for (fs::directory_entry const& entry : fs::directory_iterator(folder, absent))
    {
        if (entry.path().string().ends_with(end))
        {
            files.push_back(entry.path());
        }
    }
    std::ranges::sort(files);
    return files;
}

int trained_to(Sweep const& sweep, int t)
{
    int trainings = 0;
    for (fs::path const& partial : files_in(sweep.output() / "chains", ".partial"))
    {
        trainings += fs::exists(partial / fmt::format("snapshot-{:05}.h5", t)) ? 1 : 0;
    }
    return trainings;
}

std::map<std::string, std::string> stamps(std::vector<fs::path> const& files)
{
    std::map<std::string, std::string> all;
    for (fs::path const& file : files)
    {
        struct stat status = {};
        REQUIRE(::stat(file.c_str(), &status) == 0);
        all[file.string()] = fmt::format("{} {}.{:09}", status.st_ino, status.st_mtim.tv_sec,
                                         status.st_mtim.tv_nsec);
    }
    return all;
}

std::map<std::string, std::string> contents(fs::path const& file, std::string const& group)
{
    h5::FileReader const reader(file);
    h5::Group const parent = reader.root().group(group);
    std::map<std::string, std::string> all;
    for (h5::Child const& child : parent.children())
    {
        h5::Dataset const dataset = parent.dataset(child.name);
        all[child.name] = to_string(dataset.layout()) + ": " + elements_of(dataset);
    }
    return all;
}

void check_same_results(Sweep const& expected, Sweep const& found)
{
    for (std::string const group : {"trials", "latents", "summary"})
    {
        INFO(group);
        auto const wanted = contents(expected.results(), group);
        auto const got = contents(found.results(), group);
        CHECK(wanted.size() > 5);
        for (auto const& [name, bytes] : wanted)
        {
            INFO(name);
            REQUIRE(got.contains(name));
            bool const same_bytes = got.at(name) == bytes;
            CHECK(same_bytes);
        }
        CHECK(got.size() == wanted.size());
        check_no_difference({expected.results().string(), found.results().string(), "/" + group});
    }
}

void check_same_chains(Sweep const& expected, Sweep const& found)
{
    auto const wanted = expected.chains();
    auto const got = found.chains();
    REQUIRE_FALSE(wanted.empty());
    REQUIRE(names_of(got) == names_of(wanted));
    for (std::size_t i = 0; i < wanted.size(); ++i)
    {
        INFO(got[i]);
        bool const same_bytes = bytes_of(got[i]) == bytes_of(wanted[i]);
        CHECK(same_bytes);  // 100 MB: not to be printed
        check_no_difference({wanted[i].string(), got[i].string()});
    }
}

}  // namespace surf::test
