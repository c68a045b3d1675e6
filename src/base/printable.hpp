#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace surf
{

/// A text, perhaps a file's, as part of one line: control characters, which could end the line or
/// change the terminal, become question marks.
inline std::string printable(std::string_view text)
{
    std::string line(text);
    std::ranges::replace_if(
        line, [](unsigned char letter) { return letter < 0x20 || letter == 0x7f; }, '?');
    return line;
}

}  // namespace surf
