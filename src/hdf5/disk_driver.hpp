#pragma once

#include "hdf5/handle.hpp"

/// For the sources of this folder only.
namespace surf::h5
{

/// Lets files that are made with this access list keep the errors of the disk from HDF5, which
/// cannot close a file that it failed to flush and crashes over it at exit.
///
/// The first errno of a failed write goes to `error`, which must outlive the file; from then on
/// nothing is written any more, and all seems well to the library.
void use_disk_driver(Handle const& access, int& error);

}  // namespace surf::h5
