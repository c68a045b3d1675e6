#include "app/job/unknown_key.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string_view>
#include <vector>

#include "app/job/job_keys.hpp"
#include "base/error.hpp"

namespace surf::app
{
namespace po = boost::program_options;

namespace
{

/// Insertions, deletions and replacements from one word to the other (Levenshtein 1966).
std::size_t edit_distance(std::string_view from, std::string_view to)
{
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i)
    {
        std::size_t diagonal = row[0]++;
        for (std::size_t j = 0; j < to.size(); ++j)
        {
            std::size_t const replaced = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
        }
    }
    return row.back();
}

/// The known name that is closest, where a right key in a wrong section counts as close.
std::string closest(std::string const& name, po::options_description const& known)
{
    std::string best;
    std::size_t best_distance = std::string::npos;
    for (auto const& option : known.options())
    {
        std::string const& candidate = option->long_name();
        std::size_t const distance = std::min(edit_distance(name, candidate),
                                              edit_distance(leaf_of(name), leaf_of(candidate)) + 1);
        if (distance < best_distance)
        {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

/// "figure3" and "train.models" of "figure3.train.models", where the latter is a key of
/// experiments.
std::pair<std::string, std::string> split_experiment(std::string const& name)
{
    auto const dot = name.find('.');
    std::string key = dot == std::string::npos ? "" : name.substr(dot + 1);
    return is_experiment_key(key) ? std::pair(name.substr(0, dot), std::move(key))
                                  : std::pair<std::string, std::string>();
}

}  // namespace

bool is_experiment_key(std::string const& name)
{
    return std::ranges::find(experiment_keys(), name, &Key<Experiment>::name) !=
           experiment_keys().end();
}

void refuse_unknown(std::string const& origin, std::string const& name,
                    po::options_description const& known)
{
    std::set<std::string> sections;
    for (auto const& key : experiment_keys())
    {
        sections.insert(section_of(key.name));
    }
    for (auto const& key : job_keys())
    {
        sections.insert(section_of(key.name));
    }
    std::string const section = section_of(name);
    throw InputError(
        fmt::format("{}: {}: unknown {}; did you mean {}?", origin, name,
                    sections.contains(section) ? "key" : fmt::format("section [{}]", section),
                    closest(name, known)));
}

void refuse_unknown_option(std::string const& origin, std::string const& name,
                           po::options_description const& known)
{
    if (auto const [experiment, key] = split_experiment(name); !key.empty())
    {
        throw InputError(fmt::format(
            "{0}: {1}: an option holds for all experiments of the job (what one has for itself "
            "is said in the job file); use --{2}, with --experiments {3} for {3} alone",
            origin, name, key, experiment));
    }
    refuse_unknown(origin, name, known);
}

}  // namespace surf::app
