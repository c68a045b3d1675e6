#include "data/hdf5_images.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "hdf5/file.hpp"

namespace surf::data
{

Images read_hdf5_images(std::filesystem::path const& path, std::string const& dataset)
{
    h5::FileReader const file(path, h5::Author::anyone);
    auto const fail = [&](std::string const& problem) {
        throw FileError(fmt::format(
            "{}: /{} {} (images are uint8 [count, rows, columns] or [count, channels, rows, "
            "columns]) write the data set so",
            path.string(), dataset, problem));
    };
    if (!file.root().exists(dataset))
    {
        fail("is missing");
    }
    h5::Dataset const stored = file.root().dataset(dataset);
    auto const [type, extents] = stored.layout();
    bool const has_channels = extents.size() == 4;
    if (type != h5::Type::uint8 || (extents.size() != 3 && !has_channels) ||
        h5::element_count(extents) == 0)
    {
        fail(fmt::format("is {}", h5::to_string(stored.layout())));
    }
    Images images;
    images.count = extents.front();
    images.shape = {has_channels ? extents[1] : 1, extents[extents.size() - 2], extents.back()};
    images.pixels = stored.read<std::uint8_t>();
    images.checksum = checksum(images);
    return images;
}

}  // namespace surf::data
