#include "data/images.hpp"

#include <fmt/format.h>

#include <string_view>

#include "base/error.hpp"
#include "base/id.hpp"
#include "data/idx.hpp"

namespace surf::data
{
namespace fs = std::filesystem;

namespace
{

fs::path find(fs::path const& folder, std::string_view name)
{
    constexpr auto advice =
        "install Debian's dataset-fashion-mnist, or name the folder of the four IDX files with "
        "data = FOLDER in the job file";
    if (!fs::is_directory(folder))
    {
        throw EnvironmentError(fmt::format("no data folder {}; {}", folder.string(), advice));
    }
    for (std::string_view const suffix : {"", ".gz"})
    {
        fs::path const path = folder / fmt::format("{}{}", name, suffix);
        if (fs::exists(path))
        {
            return path;
        }
    }
    throw EnvironmentError(
        fmt::format("neither {0} nor {0}.gz is there; {1}", (folder / name).string(), advice));
}

Images load(fs::path const& folder, std::string_view name)
{
    fs::path const path = find(folder, name);
    Images images = read_idx_images(path);
    if (images.rows != image_side || images.columns != image_side)
    {
        throw FileError(fmt::format(
            "{} holds images of {} x {} pixels (the networks make {} x {}); use another data set",
            path.string(), images.rows, images.columns, image_side, image_side));
    }
    return images;
}

}  // namespace

TrainingImages load_training_images(fs::path const& folder)
{
    return TrainingImages(load(folder, "train-images-idx3-ubyte"));
}

TestImages load_test_images(fs::path const& folder)
{
    return TestImages(load(folder, "t10k-images-idx3-ubyte"));
}

std::string DataSet::checksum() const
{
    CanonicalText text;
    text.add("training", training.checksum);
    text.add("test", test.checksum);
    return DataId::of(text).hex();
}

DataSet load_data_set(fs::path const& folder)
{
    return {load_training_images(folder), load_test_images(folder)};
}

}  // namespace surf::data
