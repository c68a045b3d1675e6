#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace surf::h5
{

/// Bytes of a file.
struct ByteRange
{
    std::uint64_t offset = 0;
    std::uint64_t size = 0;

    std::uint64_t end() const { return offset + size; }
};

/// What of a sealed file is compared with its seal.
enum class SealCheck
{
    structure,   ///< all bytes but those of the large ranges: what HDF5 follows
    everything,  ///< every byte
};

/// Ends a file with the XXH3-128 of its bytes, as text behind HDF5's own end, where no HDF5 program
/// looks. HDF5 itself trusts much of what it reads, and loops or crashes over some damage.
///
/// Each of the ranges has a hash of its own, so that large arrays whose rows have checksums need
/// not be read before the file is opened. hdf5_schema/README.md has the format. Throws
/// EnvironmentError if the file cannot be read or written.
void seal(std::filesystem::path const& path, std::vector<ByteRange> const& large = {});

/// Throws FileError if the file is not what was sealed or was cut short; EnvironmentError if it
/// cannot be read, or is whole but was never sealed.
void check_seal(std::filesystem::path const& path, SealCheck check);

/// Whether it ends as a sealed file does.
bool is_sealed(std::filesystem::path const& path);

}  // namespace surf::h5
