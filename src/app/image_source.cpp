#include "app/image_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/log.hpp"

namespace surf::app
{

ImageSource::ImageSource(std::filesystem::path data, std::string checksum, bool others_train,
                         mpi::Communicator const& world)
    : data_(std::move(data)), checksum_(std::move(checksum)), serves_all_(others_train)
{
    world.broadcast(serves_all_);
    if (!serves_all_)
    {
        return;
    }
    bool const first = world.rank() == 0;
    std::error_code ignored;  // exists() then says no
    auto const seen = world.allgather<char>(std::filesystem::exists(data_, ignored));
    auto const blind = std::ranges::count(seen, 0);
    if (blind == 0)
    {
        return;
    }
    if (first)
    {
        spdlog::info("{} of {} ranks do not see {}: sending them the images", blind, world.size(),
                     data_.string());
    }
    data::DataSet set =
        first ? load() : data::DataSet{data::TrainingImages({}), data::TestImages({})};
    set.training = data::TrainingImages(broadcast(std::move(set.training), world));
    set.test = data::TestImages(broadcast(std::move(set.test), world));
    if (seen[static_cast<std::size_t>(world.rank())] == 0)
    {
        sent_ = std::move(set);
    }
}

data::DataSet ImageSource::load() const
{
    if (sent_)
    {
        return *sent_;
    }
    data::DataSet images = data::load_data_set(data_);
    DataSpec const found = images.spec();
    if (found.checksum != checksum_)
    {
        throw FileError(
            fmt::format("data = {}: the images have changed since the run began "
                        "(checksum {}, then {}); put them back, or start again",
                        data_.string(), checksum_, found.checksum));
    }
    return images;
}

data::Images broadcast(data::Images images, mpi::Communicator const& world)
{
    for (std::int64_t* const extent :
         {&images.count, &images.shape.channels, &images.shape.height, &images.shape.width})
    {
        world.broadcast(*extent);
    }
    std::string pixels(images.pixels.begin(), images.pixels.end());
    world.broadcast(pixels);
    world.broadcast(images.checksum);
    images.pixels.assign(pixels.begin(), pixels.end());
    return images;
}

}  // namespace surf::app
