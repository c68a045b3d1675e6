#include "app/stored_file.hpp"

#include "base/error.hpp"
#include "hdf5/file.hpp"
#include "hdf5/schema.hpp"

namespace surf::app
{

bool is_stored(std::filesystem::path const& path)
{
    if (!std::filesystem::exists(path))
    {
        return false;
    }
    try
    {
        auto const violations = h5::violations(path);
        if (!violations.empty())
        {
            throw FileError(violations.front());
        }
        return true;
    }
    catch (FileError const& damage)
    {
        h5::set_aside(path, damage.what());
        return false;
    }
}

}  // namespace surf::app
