#pragma once

#include <vector>

#include "hdf5/handle.hpp"
#include "hdf5/seal.hpp"

/// For the sources of this folder only.
namespace surf::h5
{

/// What became of a file's writes.
struct DiskWrites
{
    int error = 0;  ///< errno of the first that failed; 0: none did
    /// What lies between HDF5's own structures: numbers of datasets. In the order of writing.
    std::vector<ByteRange> numbers;

    /// The runs of numbers of 1 MiB and more, in the file's order.
    std::vector<ByteRange> large_runs() const;
};

/// Lets files that are made with this access list keep the errors of the disk from HDF5, which
/// cannot close a file that it failed to flush and crashes over it at exit.
///
/// `writes` must outlive the file. After an error nothing is written any more, and all seems well
/// to the library.
void use_disk_driver(Handle const& access, DiskWrites& writes);

}  // namespace surf::h5
