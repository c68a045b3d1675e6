#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "base/contract.hpp"
#include "base/error.hpp"

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

/// The kind with this name. Throws InputError naming the key, the value and the choices.
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
    throw InputError(
        fmt::format("{} = {}: no such choice; use one of {}", key, name, all_names(table)));
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
