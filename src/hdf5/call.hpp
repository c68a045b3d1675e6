#pragma once

#include <hdf5.h>

#include <mutex>
#include <string>
#include <string_view>

#include "hdf5/handle.hpp"

/// For the sources of this folder only: how the HDF5 library is called.
///
///     LibraryLock lock;
///     Handle space(check(H5Dget_space(id), id, "read the shape of"));
namespace surf::h5
{

/// Lets one thread at a time into the library, which is not thread-safe, and keeps the library
/// from printing its errors. Recursive, so that wrappers may use each other.
class LibraryLock
{
  public:
    LibraryLock();

  private:
    std::lock_guard<std::recursive_mutex> lock_;
};

/// The library's error stack in one line, "HDF5: …", outermost call first.
std::string error_stack();

/// Throws "cannot ACTION OBJECT of FILE (HDF5: …) WHAT TO DO" with the error stack of the call that
/// failed: EnvironmentError for a file being written, FileError for one being read. `place` is any
/// open object of the file.
[[noreturn]] void fail(hid_t place, std::string_view action);

/// The result of a call, which is negative if it failed.
template <class Result>
Result check(Result result, hid_t place, std::string_view action)
{
    if (result < 0)
    {
        fail(place, action);
    }
    return result;
}

/// A new property list of a class such as H5P_FILE_ACCESS.
Handle property_list(hid_t kind);

}  // namespace surf::h5
