#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/near_word.hpp"

namespace surf
{

/// Tables of named choices: ranges of entries with members `kind` and `name`.

/// "vae, dcgan".
template <class Table>
std::string all_names(Table const& table)
{
    std::string names;
    for (auto const& entry : table)
    {
        names += (names.empty() ? "" : ", ") + std::string(entry.name);
    }
    return names;
}

/// The name that a word is likely a slip for; empty if there is none.
template <class Table>
std::string_view nearest_name(Table const& table, std::string_view word)
{
    std::string_view nearest;
    for (auto const& entry : table)
    {
        if (is_slip(word, entry.name) &&
            (nearest.empty() || edit_distance(word, entry.name) < edit_distance(word, nearest)))
        {
            nearest = entry.name;
        }
    }
    return nearest;
}

/// "; did you mean dcgan?"; empty for no name.
inline std::string did_you_mean(std::string_view name)
{
    return name.empty() ? "" : fmt::format("; did you mean {}?", name);
}

/// What is wrong with a word that is no name of the table, and the names.
template <class Table>
std::string no_such_choice(Table const& table, std::string_view word)
{
    std::string_view const nearest = nearest_name(table, word);
    return fmt::format("no such choice{}{} {}", did_you_mean(nearest),
                       nearest.empty() ? "; use one of" : " There are", all_names(table));
}

/// The kind with this name. Throws InputError naming the key, the value and the
/// choices.
template <class Table>
auto kind_of(Table const& table, std::string_view name, std::string_view key)
{
    for (auto const& entry : table)
    {
        if (entry.name == name)
        {
            return entry.kind;
        }
    }
    throw InputError(fmt::format("{} = {}: {}", key, name, no_such_choice(table, name)));
}

/// The name of a kind of the table.
template <class Table, class Kind>
std::string_view name_of(Table const& table, Kind kind)
{
    for (auto const& entry : table)
    {
        if (entry.kind == kind)
        {
            return entry.name;
        }
    }
    EXPECT(!"kind is in its table");
    return "unknown";
}

}  // namespace surf
