#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "reduce/cell_variables.hpp"

/// Data profiles (Moré & Wild 2009) as variables: for the sources of this folder only.
namespace surf::reduce
{

/// The share of trials that were solved within some number of network evaluations.
struct ProfilePoint
{
    double share = 0;
    Interval interval;  ///< of 95 %
};

/// The dimension along which profiles lie.
template <class Cell>
h5::Dataset add_profile_evaluations(CellVariables<Cell>& variables)
{
    return variables.template add_coordinate<double>(
        "evaluations", "network evaluations of a trial", profile_evaluations());
}

/// A profile and the ends of its interval. `profile_of` gives a cell's points along `evaluations`,
/// or none: missing.
template <class Cell, class Profile>
void add_profile(CellVariables<Cell>& variables, h5::Dataset const& evaluations,
                 std::string const& name, std::string const& long_name, Profile profile_of)
{
    auto const add = [&](std::string const& suffix, std::string const& what, auto part_of) {
        variables.template add_over<double>(
            name + suffix, what, &evaluations, [&](Cell const& cell) {
                std::vector<ProfilePoint> const points = profile_of(cell);
                std::vector<double> row;
                std::ranges::transform(points, std::back_inserter(row), part_of);
                return row;
            });
    };
    add("", long_name, [](ProfilePoint const& point) { return point.share; });
    add("_low", "lower end of the 95 % interval of " + name,
        [](ProfilePoint const& point) { return point.interval.low; });
    add("_high", "upper end of the 95 % interval of " + name,
        [](ProfilePoint const& point) { return point.interval.high; });
}

/// Of the first hit; missing for a task without x*.
template <class Cell, class Profile>
void add_hits(CellVariables<Cell>& variables, h5::Dataset const& evaluations, Profile profile_of)
{
    add_profile(variables, evaluations, "hits_within",
                "share of trials whose latent was within the success distance within so many "
                "network evaluations",
                [&](Cell const& cell) {
                    return cell.has_latent() ? profile_of(cell) : std::vector<ProfilePoint>();
                });
}

/// Of the goal in f.
template <class Cell, class Profile>
void add_goals(CellVariables<Cell>& variables, h5::Dataset const& evaluations, Profile profile_of)
{
    add_profile(variables, evaluations, "goals_within",
                "share of trials whose objective was at its goal within so many network "
                "evaluations",
                profile_of);
}

}  // namespace surf::reduce
