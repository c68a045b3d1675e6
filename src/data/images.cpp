#include "data/images.hpp"

#include <fmt/format.h>

#include <string_view>

#include "base/error.hpp"
#include "base/id.hpp"
#include "data/hdf5_images.hpp"
#include "data/idx.hpp"

namespace surf::data
{
namespace fs = std::filesystem;

namespace
{

constexpr auto advice =
    "install Debian's dataset-fashion-mnist, or name the folder of your two IDX files of images or "
    "an HDF5 file "
    "with data = PLACE in the job file";

constexpr std::string_view training_split = "train";
constexpr std::string_view test_split = "t10k";

std::string idx_name(std::string_view split)
{
    return fmt::format("{}-images-idx3-ubyte", split);
}

/// The file of a split, whichever of its names it has; empty if there is none.
fs::path find_named_idx(fs::path const& folder, std::string_view split)
{
    for (std::string_view const suffix : {"3-ubyte", "3-ubyte.gz", "4-ubyte", "4-ubyte.gz"})
    {
        fs::path path = folder / fmt::format("{}-images-idx{}", split, suffix);
        if (fs::exists(path))
        {
            return path;
        }
    }
    return {};
}

/// Whether a file's name is nearly that of a split, as emnist-letters-train-images-idx3-ubyte is.
bool is_near_name(std::string const& name, std::string_view split)
{
    auto const has = [&](std::string_view part) { return name.find(part) != std::string::npos; };
    return has("images") && has("idx") && (has(split) || (split == test_split && has("test")));
}

/// What to do about a split that is not in the folder.
std::string advice_on(fs::path const& folder, std::string_view split)
{
    std::error_code unreadable;  // then there is nothing to point at
    for (char const* const below : {"raw", "FashionMNIST/raw", "MNIST/raw", "EMNIST/raw"})
    {
        if (!find_named_idx(folder / below, split).empty())
        {
            return fmt::format("but {} has it; name that folder with data",
                               (folder / below).string());
        }
    }
    for (fs::directory_entry const& entry : fs::directory_iterator(folder, unreadable))
    {
        std::string const name = entry.path().filename().string();
        if (is_near_name(name, split))
        {
            return fmt::format("but {} is; link or rename it to {}{}, and the other split's to {}",
                               name, idx_name(split), name.ends_with(".gz") ? ".gz" : "",
                               idx_name(split == test_split ? training_split : test_split));
        }
    }
    return advice;
}

fs::path find_idx(fs::path const& folder, std::string_view split)
{
    fs::path path = find_named_idx(folder, split);
    if (path.empty())
    {
        throw EnvironmentError(fmt::format("neither {0} nor {0}.gz (or idx4) is there; {1}",
                                           (folder / idx_name(split)).string(),
                                           advice_on(folder, split)));
    }
    return path;
}

bool is_hdf5(fs::path const& place)
{
    return place.extension() == ".h5" || place.extension() == ".hdf5";
}

DataSet load_splits(fs::path const& place)
{
    if (is_hdf5(place))
    {
        return {TrainingImages(read_hdf5_images(place, "training")),
                TestImages(read_hdf5_images(place, "test"))};
    }
    if (!fs::is_directory(place))
    {
        throw EnvironmentError(fmt::format("no data folder {}; {}", place.string(), advice));
    }
    return {TrainingImages(read_idx_images(find_idx(place, training_split))),
            TestImages(read_idx_images(find_idx(place, test_split)))};
}

}  // namespace

std::string checksum(Images const& images)
{
    std::string_view const bytes(reinterpret_cast<char const*>(images.pixels.data()),
                                 images.pixels.size());
    return hash128_hex(
        fmt::format("{} x {}: {}", images.count, images.shape.text(), hash128_hex(bytes)));
}

DataSpec DataSet::spec() const
{
    CanonicalText text;
    text.add("training", training.checksum);
    text.add("test", test.checksum);
    return {DataId::of(text).hex(), training.shape};
}

DataSet load_data_set(fs::path const& place)
{
    DataSet set = load_splits(place);
    if (set.training.shape != set.test.shape)
    {
        throw FileError(fmt::format(
            "{}: the training images are {}, the test images {} (they must be of one shape) put "
            "images of one shape there",
            place.string(), set.training.shape.text(), set.test.shape.text()));
    }
    return set;
}

}  // namespace surf::data
