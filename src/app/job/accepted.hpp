#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "app/job/value_text.hpp"

namespace surf::app
{

/// What a key takes, for people and for completion.
struct Accepted
{
    std::string text;                  ///< "whole number of at least 1"; empty: help says it
    std::vector<std::string> choices;  ///< names, if it takes any
};

template <class Table>
std::vector<std::string> names_in(Table const& table)
{
    std::vector<std::string> names;
    for (auto const& entry : table)
    {
        names.emplace_back(entry.name);
    }
    return names;
}

template <Number T>
Accepted accepted(std::type_identity<T>, Range const& range)
{
    return {fmt::format("{} {}", std::is_integral_v<T> ? "whole number" : "decimal number",
                        range.describe()),
            {}};
}

template <Choice T>
Accepted accepted(std::type_identity<T>, Range const&)
{
    return {all_names(table_of(T{})), names_in(table_of(T{}))};
}

inline Accepted accepted(std::type_identity<std::filesystem::path>, Range const&)
{
    return {"path", {}};
}

inline Accepted accepted(std::type_identity<ChosenModel>, Range const&)
{
    return {"model or path of a chain file", names_in(model_table)};
}

inline Accepted accepted(std::type_identity<RestartSettings>, Range const&)
{
    Accepted all{"family, method, or whole number", names_in(method_table)};
    all.choices.emplace_back(family_budget);
    return all;
}

template <class T>
Accepted accepted(std::type_identity<std::optional<T>>, Range const& range)
{
    return accepted(std::type_identity<T>{}, range);
}

template <class T>
Accepted accepted(std::type_identity<std::vector<T>>, Range const& range)
{
    Accepted each = accepted(std::type_identity<T>{}, range);
    each.text = "list: " + each.text;
    return each;
}

}  // namespace surf::app
