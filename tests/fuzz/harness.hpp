#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string_view>

#include "support/scratch_folder.hpp"

/// What libFuzzer calls with one input after the other.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace surf::fuzz
{

using Bytes = std::span<std::uint8_t const>;

inline std::string_view text_of(Bytes bytes)
{
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

/// Ends the program, so that the input is kept, unless the condition holds.
inline void require(bool holds, char const* condition)
{
    if (!holds)
    {
        std::fprintf(stderr, "fuzz: does not hold: %s\n", condition);
        std::abort();
    }
}

/// Reads what may be bad, and so may be refused with this error, in one line. Any other exception
/// ends the program.
template <class Refusal, class Read>
void may_refuse(Read read)
{
    try
    {
        read();
    }
    catch (Refusal const& refusal)
    {
        std::string_view const text = refusal.what();
        require(!text.empty() && text.find('\n') == text.npos, "an error is one line");
    }
}

/// The input as a file, written anew for each.
inline std::filesystem::path const& as_file(Bytes bytes)
{
    static test::ScratchFolder const folder;
    static std::filesystem::path const path = folder.path / "input";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text_of(bytes);
    return path;
}

}  // namespace surf::fuzz
