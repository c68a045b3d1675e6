#include "base/near_word.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <string>
#include <vector>

namespace surf
{
namespace
{

std::string plain(std::string_view word)
{
    std::string text(word);
    for (char& letter : text)
    {
        letter = letter == '_'
                     ? '-'
                     : static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    return text;
}

}  // namespace

std::size_t edit_distance(std::string_view from, std::string_view to)
{
    // distance[i][j]: of the first i letters of the one from the first j of the other
    std::vector<std::vector<std::size_t>> distance(from.size() + 1,
                                                   std::vector<std::size_t>(to.size() + 1));
    std::iota(distance[0].begin(), distance[0].end(), std::size_t{0});
    for (std::size_t i = 1; i <= from.size(); ++i)
    {
        distance[i][0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j)
        {
            std::size_t const replaced =
                distance[i - 1][j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
            std::size_t& best = distance[i][j];
            best = std::min({replaced, distance[i - 1][j] + 1, distance[i][j - 1] + 1});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
            {
                best = std::min(best, distance[i - 2][j - 2] + 1);
            }
        }
    }
    return distance.back().back();
}

bool is_slip(std::string_view word, std::string_view name)
{
    std::string const given = plain(word);
    std::string const meant = plain(name);
    return given == meant || (!given.empty() && given.front() == meant.front() &&
                              3 * edit_distance(given, meant) <= given.size());
}

}  // namespace surf
