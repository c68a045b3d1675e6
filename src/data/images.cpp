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
    "install Debian's dataset-fashion-mnist, or name the folder of your IDX files or an HDF5 file "
    "with data = PLACE in the job file";

/// The file of a split, whichever of its names it has.
fs::path find_idx(fs::path const& folder, std::string_view split)
{
    for (std::string_view const suffix : {"3-ubyte", "3-ubyte.gz", "4-ubyte", "4-ubyte.gz"})
    {
        fs::path const path = folder / fmt::format("{}-images-idx{}", split, suffix);
        if (fs::exists(path))
        {
            return path;
        }
    }
    throw EnvironmentError(
        fmt::format("neither {0} nor {0}.gz (or idx4) is there; {1}",
                    (folder / fmt::format("{}-images-idx3-ubyte", split)).string(), advice));
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
    return {TrainingImages(read_idx_images(find_idx(place, "train"))),
            TestImages(read_idx_images(find_idx(place, "t10k")))};
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
