#pragma once

#include <fmt/format.h>
#include <stdio.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "hdf5/seal.hpp"
#include "support/scratch_folder.hpp"

namespace surf::test
{

/// Runs a Python script, with h5py, xarray, netCDF4, numpy and scipy at hand, on one path as
/// sys.argv[1]; the test fails with the script's output if the script does. Returns the output. A
/// sealed file that the script changes is sealed again: tests are of what lies behind the seal.
inline std::string python(std::string const& script, std::filesystem::path const& argument)
{
    bool const sealed = std::filesystem::is_regular_file(argument) && h5::is_sealed(argument);
    ScratchFolder const folder;
    std::filesystem::path const file = folder.path / "script.py";
    std::ofstream(file) << "import sys\npath = sys.argv[1]\n" << script;
    std::string const command =
        fmt::format("{} {} {} 2>&1", SURF_PYTHON, file.string(), argument.string());
    FILE* pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string output;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
    {
        output += static_cast<char>(c);
    }
    int const status = ::pclose(pipe);
    INFO(output);
    REQUIRE(WIFEXITED(status));
    REQUIRE(WEXITSTATUS(status) == 0);
    if (sealed && !h5::is_sealed(argument))
    {
        h5::seal(argument);
    }
    return output;
}

/// The text of the error that a call throws; the test fails if it throws none of this type.
template <class Expected, class Call>
std::string error_of(Call call)
{
    try
    {
        call();
    }
    catch (Expected const& error)
    {
        return error.what();
    }
    FAIL("no such error was thrown");
    return {};
}

inline std::string bytes_of(std::filesystem::path const& path)
{
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Flips the lowest bit of the byte at an offset.
inline void flip_byte(std::filesystem::path const& path, std::int64_t offset)
{
    std::fstream stream(path, std::ios::binary | std::ios::in | std::ios::out);
    stream.seekg(offset);
    char const byte = static_cast<char>(stream.get() ^ 1);
    stream.seekp(offset);
    stream.put(byte);
    REQUIRE(stream);
}

}  // namespace surf::test
