#include "hdf5/call.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <new>

#include "base/error.hpp"

namespace surf::h5
{

namespace
{

std::recursive_mutex& library_mutex()
{
    static std::recursive_mutex mutex;
    return mutex;
}

extern "C" herr_t append_error(unsigned /*depth*/, H5E_error2_t const* error, void* data)
{
    auto& text = *static_cast<std::string*>(data);
    std::string_view const description = error->desc == nullptr ? "" : error->desc;
    if (!description.empty() && text.find(description) == std::string::npos)
    {
        text += (text.empty() ? "" : ", ") + std::string(description);
    }
    return 0;
}

/// A name that HDF5 gives by a function (id, buffer, size) → length.
template <class Function>
std::string name_from(Function function, hid_t id)
{
    ssize_t const length = function(id, nullptr, 0);
    std::string name(static_cast<std::size_t>(std::max<ssize_t>(length, 0)), '\0');
    if (length > 0)
    {
        function(id, name.data(), name.size() + 1);
    }
    return name;
}

bool is_being_written(hid_t place)
{
    Handle const file(H5Iget_file_id(place));
    unsigned intent = H5F_ACC_RDONLY;
    return file.get() >= 0 && H5Fget_intent(file.get(), &intent) >= 0 && intent != H5F_ACC_RDONLY;
}

}  // namespace

LibraryLock::LibraryLock() : lock_(library_mutex())
{
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // a thread-safe library keeps it per thread
}

void Handle::close() noexcept
{
    if (id_ < 0)
    {
        return;
    }
    LibraryLock const lock;
    // The identifier is gone if its file was closed or MPI_Finalize has ended the library.
    if (H5Iis_valid(id_) > 0 && H5Idec_ref(id_) < 0)
    {
        spdlog::error("cannot close an HDF5 object ({})", error_stack());
    }
}

std::string error_stack()
{
    std::string text;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, append_error, &text);
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text.empty() ? "not what this program writes" : "HDF5: " + text;
}

void fail(hid_t place, std::string_view action)
{
    std::string const reason = error_stack();
    std::string const problem =
        fmt::format("cannot {} {} of {} ({})", action, name_from(H5Iget_name, place),
                    name_from(H5Fget_name, place), reason);
    if (is_being_written(place))
    {
        throw EnvironmentError(problem + " check the disk's space");
    }
    throw FileError(problem + " the file is damaged: remove it and run again");
}

Handle property_list(hid_t kind)
{
    Handle list(H5Pcreate(kind));
    if (list.get() < 0)
    {
        throw std::bad_alloc();
    }
    return list;
}

}  // namespace surf::h5
