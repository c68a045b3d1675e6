#pragma once

#include <spdlog/spdlog.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "hdf5/file.hpp"
#include "store/segment.hpp"

/// What files of one block and of many have in common. For the sources of this folder only.
namespace surf::store
{

[[noreturn]] void fail_damaged(std::filesystem::path const& path, std::string const& problem);

/// Of all that affects the results: not of how the block was computed.
std::uint64_t checksum(Segment const& segment);

/// The attribute `task`.
Task stored_task(h5::Group const& root, std::filesystem::path const& path);

/// Throws FileError for what no engine gives, even if a checksum says that it was written so.
void require_sane(std::filesystem::path const& path, Segment const& segment);

/// Writes the table of outcomes, over the dimension `row`.
void write_outcomes(h5::Group& root, std::vector<TrialOutcome const*> outcomes,
                    std::int64_t latent_dim);

/// What read() gives of a file; nothing if it is damaged or not there, also if it is removed under
/// the reader, as a run does that has packed it.
template <class Read>
auto find_sound(std::filesystem::path const& path, OnDamage damage, Read read)
    -> std::optional<decltype(read())>
{
    if (!std::filesystem::exists(path))
    {
        return std::nullopt;
    }
    try
    {
        return read();
    }
    catch (FileError const& error)
    {
        if (std::filesystem::exists(path))
        {
            damage == OnDamage::set_aside ? h5::set_aside(path, error.what())
                                          : spdlog::warn("{}", error.what());
        }
    }
    catch (EnvironmentError const&)
    {
        if (std::filesystem::exists(path))
        {
            throw;
        }
    }
    return std::nullopt;
}

}  // namespace surf::store
