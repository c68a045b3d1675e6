#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "data/images.hpp"
#include "mpi/communicator.hpp"

namespace surf::app
{

/// Where a rank takes the images from that it trains on: from `data`, if there is anything for it.
/// Otherwise rank 0 sent them, and they stay in memory.
class ImageSource
{
  public:
    /// The images of rank 0, which are known to have this checksum. `others_train`, which rank 0
    /// decides: other ranks will need them, and those are sent them that see nothing at `data`.
    /// Collective.
    ImageSource(std::filesystem::path data, std::string checksum, bool others_train,
                mpi::Communicator const& world);

    /// Reads them anew: the trials that a rank computes as well need the memory more. Throws what
    /// data::load_data_set() throws, and FileError if they have changed since the run began.
    data::DataSet load() const;
    /// Whether load() is for every rank; otherwise for rank 0 alone.
    bool serves_all() const { return serves_all_; }

  private:
    std::filesystem::path data_;
    std::string checksum_;
    bool serves_all_;
    std::optional<data::DataSet> sent_;
};

/// Rank 0's images on every rank; whatever the others pass is replaced. Collective.
data::Images broadcast(data::Images images, mpi::Communicator const& world);

}  // namespace surf::app
