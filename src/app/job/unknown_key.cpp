#include "app/job/unknown_key.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "app/job/job_keys.hpp"
#include "base/error.hpp"
#include "base/name_table.hpp"
#include "base/near_word.hpp"

namespace surf::app
{
namespace po = boost::program_options;

namespace
{

/// The known name that is closest, where a right key in a wrong section counts as close; empty if
/// less than half of a word agrees with it.
std::string closest(std::string const& name, po::options_description const& known)
{
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(leaf_of(name).size(), 2) / 2 + 1;
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
    auto const& sections = key_sections();
    std::string const section = section_of(name);
    std::string const hint = did_you_mean(closest(name, known));
    throw InputError(
        fmt::format("{}: {}: unknown {}{}", origin, name,
                    std::ranges::find(sections, section) != sections.end()
                        ? "key"
                        : fmt::format("section [{}]", section),
                    hint.empty() ? "; surf_sweep help keys lists those there are" : hint));
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
