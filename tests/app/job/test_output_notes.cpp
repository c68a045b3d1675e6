#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/job/output_notes.hpp"
#include "base/error.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::app;
namespace fs = std::filesystem;

TEST_CASE("a note is read as it was left, and in no other state", "[output_notes]")
{
    test::ScratchFolder const folder;
    fs::path const path = folder.path / "job.ini";
    std::string const text = "seed = 7\n[train]\nmodels = vae\n";
    publish_note(path, text);
    CHECK(read_note(path) == text);
    std::ifstream stream(path);
    std::string const sound{std::istreambuf_iterator<char>(stream), {}};
    auto const is_refused = [&](std::string const& bytes) {
        std::ofstream(path, std::ios::trunc) << bytes;
        try
        {
            read_note(path);
            return false;
        }
        catch (FileError const&)
        {
            return true;
        }
    };
    for (std::size_t i = 0; i < sound.size(); ++i)
    {
        std::string flipped = sound;
        flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
        CHECK(is_refused(flipped));
        CHECK(is_refused(sound.substr(0, i)));
    }
    CHECK(is_refused(sound + "\n"));
    CHECK(is_refused(""));
    CHECK_THROWS_AS(read_note(folder.path / "nothing"), EnvironmentError);
}

TEST_CASE("what a run notes of its data is found again", "[output_notes]")
{
    test::ScratchFolder const folder;
    CHECK_FALSE(find_data_spec(folder.path).has_value());
    DataSpec const data{.checksum = "0123", .image = {3, 64, 32}};
    publish_data_spec(folder.path, data);
    auto const found = find_data_spec(folder.path);
    REQUIRE(found.has_value());
    CHECK(found->checksum == data.checksum);
    CHECK(found->image == data.image);
    std::ofstream(folder.path / "data_checksum", std::ios::app) << " ";
    CHECK_THROWS_AS(find_data_spec(folder.path), FileError);
}
