#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "app/job/experiment.hpp"
#include "app/job/path_value.hpp"
#include "app/job/setting.hpp"
#include "base/name_table.hpp"
#include "spec/cell.hpp"
#include "spec/training.hpp"

/// Values of the job file as text: read() checks and refuses, write() gives what read() reads back.
namespace surf::app
{

enum class End
{
    included,
    excluded,
};

/// Numbers that a key accepts.
struct Range
{
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    End low_end = End::included;
    End high_end = End::included;

    /// Only finite numbers are contained.
    bool contains(double value) const
    {
        return std::isfinite(value) && (low_end == End::included ? value >= low : value > low) &&
               (high_end == End::included ? value <= high : value < high);
    }

    std::string describe() const
    {
        std::string text =
            fmt::format("{} {}", low_end == End::included ? "of at least" : "above", low);
        if (std::isfinite(high))
        {
            text +=
                fmt::format(" and {} {}", high_end == End::included ? "at most" : "below", high);
        }
        return text;
    }
};

inline auto const& table_of(Preset)
{
    return preset_table;
}
inline auto const& table_of(Optimiser)
{
    return optimiser_table;
}
inline auto const& table_of(PenaltyMixing)
{
    return penalty_mixing_table;
}
inline auto const& table_of(PenaltyNorm)
{
    return penalty_norm_table;
}
inline auto const& table_of(TrunkNorm)
{
    return trunk_norm_table;
}
inline auto const& table_of(EncoderSpread)
{
    return encoder_spread_table;
}
inline auto const& table_of(Operator)
{
    return operator_table;
}
inline auto const& table_of(Draw)
{
    return draw_table;
}
inline auto const& table_of(Precision)
{
    return precision_table;
}
inline auto const& table_of(Task)
{
    return task_table;
}
inline auto const& table_of(Method)
{
    return method_table;
}
inline auto const& table_of(Schedule)
{
    return schedule_table;
}
inline auto const& table_of(SurfingBudget)
{
    return surfing_budget_table;
}
inline auto const& table_of(AdamState)
{
    return adam_state_table;
}
inline auto const& table_of(LmSchedule)
{
    return lm_schedule_table;
}
inline auto const& table_of(Polish)
{
    return polish_table;
}
inline auto const& table_of(JacobianUpdate)
{
    return jacobian_update_table;
}

template <class T>
concept Number = std::is_arithmetic_v<T>;
template <class T>
concept Choice = std::is_enum_v<T>;

/// Whether the whole text is a number, which is then `value`.
template <Number T>
bool parse_number(std::string const& text, T& value)
{
    char const* const end = text.data() + text.size();
    auto const [stop, status] = std::from_chars(text.data(), end, value);
    return status == std::errc{} && stop == end;
}

/// Whether it is a whole number, be it written as 1e3.
template <std::integral T>
bool parse_whole_number(std::string const& text, T& value)
{
    constexpr double exact = 1LL << 53;  // doubles hold every whole number up to it
    double decimal = 0;
    if (parse_number(text, value))
    {
        return true;
    }
    bool const whole = parse_number(text, decimal) && std::abs(decimal) <= exact &&
                       decimal == std::trunc(decimal) && (std::is_signed_v<T> || decimal >= 0);
    value = whole ? static_cast<T>(decimal) : T{};
    return whole;
}

template <Number T>
void read(Setting const& setting, Range const& range, T& value)
{
    T parsed{};
    bool is_number = false;
    if constexpr (std::is_integral_v<T>)
    {
        is_number = parse_whole_number(setting.text, parsed);
    }
    else
    {
        is_number = parse_number(setting.text, parsed);
    }
    if (!is_number || !range.contains(static_cast<double>(parsed)))
    {
        refuse(setting, fmt::format("must be a {} {}",
                                    std::is_integral_v<T> ? "whole number" : "decimal number",
                                    range.describe()));
    }
    value = parsed;
}

template <Choice T>
void read(Setting const& setting, Range const&, T& value)
{
    value = kind_of(table_of(T{}), setting.text, setting.label());
}

inline void read(Setting const& setting, Range const&, std::filesystem::path& value)
{
    value = read_path(setting);
}

/// A name that can stand in a section of the job file and in HDF5.
inline void read(Setting const& setting, Range const&, std::string& value)
{
    bool const plain = std::ranges::all_of(setting.text, [](unsigned char letter) {
        return std::isalnum(letter) != 0 || letter == '-' || letter == '_';
    });
    if (setting.text.empty() || !plain)
    {
        refuse(setting, "must be a name of letters, digits, - and _");
    }
    value = setting.text;
}

/// The name of a model to be trained, or the path of a chain file.
inline void read(Setting const& setting, Range const& range, ChosenModel& value)
{
    if (setting.text.ends_with(".h5"))
    {
        read(setting, range, value.chain);
        return;
    }
    auto const entry = std::ranges::find(model_table, setting.text, &ModelEntry::name);
    if (entry == model_table.end())
    {
        refuse(setting, fmt::format("{}, or the path of a chain file (*.h5)",
                                    no_such_choice(model_table, setting.text)));
    }
    value.trained = entry->kind;
}

inline constexpr char const* family_budget = "family";

/// "family", the name of a method that does not start again, or a number of evaluations.
inline void read(Setting const& setting, Range const& range, RestartSettings& value)
{
    value = {};
    if (setting.text == family_budget)
    {
        return;
    }
    auto const entry = std::ranges::find(method_table, setting.text, &MethodEntry::name);
    if (entry == method_table.end())
    {
        if (!setting.text.empty() && std::isalpha(static_cast<unsigned char>(setting.text[0])) != 0)
        {
            refuse(setting, fmt::format("must be {}, the name of a method or a whole number of "
                                        "network evaluations{}",
                                        family_budget,
                                        did_you_mean(nearest_name(method_table, setting.text))));
        }
        read(setting, range, value.evaluations);
        return;
    }
    if (heeds(entry->kind, SettingGroup::restarts))
    {
        refuse(setting, "starts again itself; name a method that does not");
    }
    value.as_much_as = entry->kind;
}

template <class T>
void read(Setting const& setting, Range const& range, std::optional<T>& value)
{
    read(setting, range, value.emplace());
}

/// Comma-separated, blanks around an element do not count.
template <class T>
void read(Setting const& setting, Range const& range, std::vector<T>& values)
{
    values.clear();
    std::string_view rest = setting.text;
    for (bool more = true; more;)
    {
        auto const comma = rest.find(',');
        std::string_view element = rest.substr(0, comma);
        element.remove_prefix(std::min(element.find_first_not_of(" \t"), element.size()));
        element = element.substr(0, element.find_last_not_of(" \t") + 1);
        if (element.empty())
        {
            refuse(setting, "the list or an element of it is empty; separate values by one comma");
        }
        Setting const single{setting.origin, setting.key, std::string(element)};
        T value{};
        read(single, range, value);
        if (std::ranges::find(values, value) != values.end())
        {
            refuse(single, "is listed twice; list it once");
        }
        values.push_back(value);
        more = comma != std::string_view::npos;
        rest.remove_prefix(more ? comma + 1 : rest.size());
    }
}

template <Number T>
std::string write(T value)
{
    return fmt::format("{}", value);
}

template <Choice T>
std::string write(T value)
{
    return std::string(name_of(table_of(value), value));
}

inline std::string write(std::string const& value)
{
    return value;
}

inline std::string write(std::filesystem::path const& value)
{
    return value.string();
}

inline std::string write(ChosenModel const& value)
{
    return value.trained ? std::string(name_of(model_table, *value.trained)) : value.chain.string();
}

inline std::string write(RestartSettings const& value)
{
    if (value.evaluations > 0)
    {
        return write(value.evaluations);
    }
    return value.as_much_as ? write(*value.as_much_as) : family_budget;
}

/// Empty if there is no value.
template <class T>
std::string write(std::optional<T> const& value)
{
    return value ? write(*value) : "";
}

template <class T>
std::string write(std::vector<T> const& values)
{
    std::string text;
    for (T const& value : values)
    {
        text += text.empty() ? "" : ",";
        text += write(value);
    }
    return text;
}

}  // namespace surf::app
