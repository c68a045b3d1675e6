#pragma once

#include <stdlib.h>

#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <string>

namespace surf::test
{
namespace fs = std::filesystem;

/// A folder of its own for each test, removed at the end.
struct ScratchFolder
{
    fs::path path;

    ScratchFolder()
    {
        std::string name = (fs::temp_directory_path() / "surf-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
        {
            throw std::runtime_error("cannot make " + name);
        }
        path = name;
    }
    ~ScratchFolder() { fs::remove_all(path); }

    ScratchFolder(ScratchFolder const&) = delete;
    ScratchFolder& operator=(ScratchFolder const&) = delete;

    std::ptrdiff_t files() const
    {
        return std::distance(fs::directory_iterator(path), fs::directory_iterator());
    }
};

}  // namespace surf::test
