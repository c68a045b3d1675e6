#include <zlib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <numeric>
#include <type_traits>

#include "base/error.hpp"
#include "data/idx.hpp"
#include "data/images.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::data;
using Catch::Matchers::Contains;
using surf::test::ScratchFolder;
namespace fs = std::filesystem;

// What keeps the test split out of training.
static_assert(!std::is_constructible_v<TrainingImages, TestImages>);
static_assert(!std::is_constructible_v<TrainingImages, TestImages const&>);
static_assert(!std::is_convertible_v<Images, TrainingImages>);
static_assert(!std::is_convertible_v<TrainingImages, TestImages>);

namespace
{

/// An IDX file's bytes: header, then pixels 0, 1, 2, … modulo 251.
std::string idx_bytes(std::uint8_t item_type, std::vector<std::uint8_t> const& dimensions)
{
    std::string bytes{0, 0, static_cast<char>(item_type), static_cast<char>(dimensions.size())};
    std::size_t size = 1;
    for (std::uint8_t const dimension : dimensions)
    {
        bytes += std::string(3, '\0') + static_cast<char>(dimension);
        size *= dimension;
    }
    for (std::size_t i = 0; i < size; ++i)
    {
        bytes += static_cast<char>(i % 251);
    }
    return bytes;
}

std::string three_images()
{
    return idx_bytes(0x08, {3, 28, 28});
}

fs::path write_plain(fs::path const& path, std::string const& bytes)
{
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
}

fs::path write_gzipped(fs::path const& path, std::string const& bytes)
{
    gzFile const file = gzopen(path.c_str(), "wb");
    REQUIRE(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())) ==
            static_cast<int>(bytes.size()));
    REQUIRE(gzclose(file) == Z_OK);
    return path;
}

/// Reading must fail with a FileError of one line that names the file and the problem.
void check_refused(fs::path const& path, std::string const& problem)
{
    CHECK_THROWS_AS(read_idx_images(path), FileError);
    CHECK_THROWS_WITH(read_idx_images(path), Contains(path.string()) && Contains(problem) &&
                                                 Contains("again") && !Contains("\n"));
}

}  // namespace

TEST_CASE("plain and gzipped files give the same images", "[data]")
{
    ScratchFolder const folder;
    Images const plain = read_idx_images(write_plain(folder.path / "a", three_images()));
    CHECK(plain.count == 3);
    CHECK((plain.shape == Shape{1, 28, 28}));
    REQUIRE(plain.pixels.size() == 3 * 784);
    CHECK(plain.pixels[252] == 1);
    CHECK(plain.checksum.size() == 32);

    Images const gzipped = read_idx_images(write_gzipped(folder.path / "b", three_images()));
    CHECK(gzipped.pixels == plain.pixels);
    CHECK(gzipped.checksum == plain.checksum);
}

TEST_CASE("the checksum covers pixels and shape", "[data]")
{
    ScratchFolder const folder;
    auto const checksum = [&](std::string const& bytes) {
        return read_idx_images(write_plain(folder.path / "images", bytes)).checksum;
    };
    std::string changed = three_images();
    changed.back() ^= 1;
    CHECK(checksum(changed) != checksum(three_images()));
    CHECK(checksum(idx_bytes(0x08, {3, 14, 56})) != checksum(three_images()));
}

TEST_CASE("the splits are found by name, plain or gzipped", "[data]")
{
    ScratchFolder const folder;
    write_plain(folder.path / "train-images-idx3-ubyte", three_images());
    write_gzipped(folder.path / "t10k-images-idx3-ubyte.gz", idx_bytes(0x08, {2, 28, 28}));
    DataSet const set = load_data_set(folder.path);
    CHECK(set.training.count == 3);
    CHECK(set.test.count == 2);
    CHECK((set.spec().image == Shape{1, 28, 28}));
}

TEST_CASE("a near match of what is not there is pointed at", "[data]")
{
    struct Case
    {
        std::string file;
        std::string hint;
    };
    for (auto const& [file, hint] :
         {Case{"train-images.idx3-ubyte",
               "train-images.idx3-ubyte is; link or rename it to train-images-idx3-ubyte, and"},
          Case{"emnist-letters-train-images-idx3-ubyte.gz",
               "but emnist-letters-train-images-idx3-ubyte.gz is; link or rename it to "
               "train-images-idx3-ubyte.gz"},
          Case{"FashionMNIST/raw/train-images-idx3-ubyte", "FashionMNIST/raw has it; name that"},
          Case{"train-labels-idx1-ubyte", "data = PLACE"}})
    {
        ScratchFolder const folder;
        CAPTURE(file);
        fs::create_directories((folder.path / file).parent_path());
        write_plain(folder.path / file, three_images());
        CHECK_THROWS_WITH(load_data_set(folder.path), Contains(hint) && !Contains("\n"));
    }
    ScratchFolder const folder;
    write_plain(folder.path / "train-images-idx3-ubyte", three_images());
    write_plain(folder.path / "emnist-test-images-idx3-ubyte", three_images());
    CHECK_THROWS_WITH(load_data_set(folder.path), Contains("rename it to t10k-images-idx3-ubyte"));
}

TEST_CASE("what is not there is named, with a way to get it", "[data]")
{
    ScratchFolder const folder;
    fs::path const absent = folder.path / "absent";
    CHECK_THROWS_AS(load_data_set(absent), EnvironmentError);
    CHECK_THROWS_WITH(load_data_set(absent), Contains("no data folder " + absent.string()) &&
                                                 Contains("data = PLACE") && !Contains("\n"));
    write_plain(folder.path / "train-images-idx3-ubyte", three_images());
    CHECK_THROWS_AS(load_data_set(folder.path), EnvironmentError);
    CHECK_THROWS_WITH(load_data_set(folder.path),
                      Contains((folder.path / "t10k-images-idx3-ubyte").string()) &&
                          Contains(".gz") && Contains("data = PLACE"));
    CHECK_THROWS_AS(read_idx_images(absent), EnvironmentError);
}

TEST_CASE("a damaged or wrong file is refused by name", "[data]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "images";
    std::string const good = three_images();

    SECTION("empty")
    {
        check_refused(write_plain(path, ""), "ends inside its header");
    }
    SECTION("truncated header")
    {
        check_refused(write_plain(path, good.substr(0, 10)), "ends inside its header");
    }
    SECTION("truncated, plain")
    {
        check_refused(write_plain(path, good.substr(0, good.size() - 1)),
                      "truncated: 2351 of 2352 pixels");
    }
    SECTION("truncated before compression")
    {
        check_refused(write_gzipped(path, good.substr(0, 1000)), "truncated: 984 of 2352 pixels");
    }
    SECTION("truncated after compression")
    {
        write_gzipped(path, good);
        fs::resize_file(path, fs::file_size(path) / 2);
        check_refused(path, "ends inside its compressed stream");
    }
    SECTION("corrupt compressed stream")
    {
        write_gzipped(path, good);
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-8, std::ios::end);  // the stream's CRC
        file << "XXXX";
        file.close();
        check_refused(path, "not a valid gzip stream");
    }
    SECTION("trailing bytes")
    {
        check_refused(write_plain(path, good + "x"), "trailing bytes");
    }
    SECTION("trailing bytes, gzipped")
    {
        check_refused(write_gzipped(path, good + "x"), "trailing bytes");
    }
    SECTION("wrong magic")
    {
        check_refused(write_plain(path, "PK" + good.substr(2)), "not an IDX file");
    }
    SECTION("wrong item size")
    {
        check_refused(write_plain(path, idx_bytes(0x0D, {3, 28, 28})), "items of IDX type 0x0d");
    }
    SECTION("labels")
    {
        check_refused(write_plain(path, idx_bytes(0x08, {3})), "has 1 dimensions");
        check_refused(write_plain(path, idx_bytes(0x08, {3, 1, 2, 2, 2})), "has 5 dimensions");
    }
    SECTION("no images")
    {
        check_refused(write_plain(path, idx_bytes(0x08, {0, 28, 28})), "0 images");
    }
    SECTION("a header that announces more than any memory")
    {
        std::string huge = good;
        std::fill(huge.begin() + 4, huge.begin() + 8, '\xff');
        check_refused(write_plain(path, huge), "truncated: 2352 of 3367254359280 pixels");
    }
}

TEST_CASE("images may have channels, and any size", "[data]")
{
    ScratchFolder const folder;
    write_plain(folder.path / "train-images-idx4-ubyte", idx_bytes(0x08, {5, 3, 4, 6}));
    write_gzipped(folder.path / "t10k-images-idx4-ubyte.gz", idx_bytes(0x08, {2, 3, 4, 6}));
    DataSet const set = load_data_set(folder.path);
    CHECK(set.training.count == 5);
    CHECK((set.training.shape == Shape{3, 4, 6}));
    REQUIRE(set.training.pixels.size() == 5 * 3 * 4 * 6);
    CHECK(set.training.pixels[24] == 24);  // the second channel's first
    CHECK(set.test.count == 2);
    CHECK((set.spec().image == Shape{3, 4, 6}));
}

TEST_CASE("splits whose images differ in shape are refused", "[data]")
{
    ScratchFolder const folder;
    write_plain(folder.path / "train-images-idx3-ubyte", idx_bytes(0x08, {3, 32, 32}));
    write_plain(folder.path / "t10k-images-idx3-ubyte", three_images());
    CHECK_THROWS_AS(load_data_set(folder.path), FileError);
    CHECK_THROWS_WITH(load_data_set(folder.path), Contains(folder.path.string()) &&
                                                      Contains("1 x 32 x 32") &&
                                                      Contains("1 x 28 x 28"));
}

TEST_CASE("a data set is named by both splits and their shape", "[data]")
{
    ScratchFolder const folder;
    auto const name = [&](std::vector<std::uint8_t> const& training,
                          std::vector<std::uint8_t> const& test) {
        write_plain(folder.path / "train-images-idx4-ubyte", idx_bytes(0x08, training));
        write_plain(folder.path / "t10k-images-idx4-ubyte", idx_bytes(0x08, test));
        return load_data_set(folder.path).spec().checksum;
    };
    std::string const first = name({5, 3, 4, 6}, {2, 3, 4, 6});
    CHECK(first.size() == 32);
    CHECK(first == name({5, 3, 4, 6}, {2, 3, 4, 6}));
    CHECK(first != name({4, 3, 4, 6}, {2, 3, 4, 6}));
    CHECK(first != name({5, 3, 4, 6}, {3, 3, 4, 6}));
    CHECK(first != name({5, 3, 6, 4}, {2, 3, 6, 4}));
    CHECK(first != name({5, 1, 12, 6}, {2, 1, 12, 6}));
}

TEST_CASE("Fashion-MNIST is what its paper says", "[data]")
{
    auto const [training, test] = load_data_set(default_folder);
    CHECK(training.count == 60'000);
    REQUIRE(training.pixels.size() == 60'000 * 784);
    double const sum = std::accumulate(training.pixels.begin(), training.pixels.end(), 0.0);
    CHECK(sum / static_cast<double>(training.pixels.size()) / 255 == Approx(0.2860).margin(5e-5));

    CHECK(test.count == 10'000);
    CHECK(test.checksum != training.checksum);
}
