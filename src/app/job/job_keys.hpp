#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/job/accepted.hpp"
#include "app/job/job.hpp"

/// The keys of the job file, which are also options of the command line.
namespace surf::app
{

/// A key that sets something of a `Target`: of the job or of an experiment.
template <class Target>
struct Key
{
    std::string name;  ///< "train.models"; without a section: "seed"
    std::string help;  ///< meaning and unit
    std::function<void(Target&, Setting const&)> read;
    std::function<std::string(Target const&)> write;  ///< empty text: no value
    /// Why the key means nothing here; empty if it does mean something.
    std::string_view (*pointless)(Target const&);
    Accepted accepted = {};
};

/// A key of the job file for people.
struct KeyText
{
    std::string name;
    std::string help;
    std::string standard;  ///< its default as text; empty if it has none, or help says it
    Accepted accepted;
};

/// All keys, in the order of the job file.
std::vector<KeyText> const& key_texts();
/// Their sections, in that order; the first is that without a name.
std::vector<std::string> const& key_sections();

/// Keys of the job itself, in the order of the job file: those without a section come first.
std::vector<Key<Job>> const& job_keys();
/// Keys of an experiment, section by section.
std::vector<Key<Experiment>> const& experiment_keys();

/// What the experiment's keys say, defaults included, without those that mean nothing in it.
std::map<std::string, std::string> effective_settings(Experiment const& experiment);

/// "train" of "train.models"; empty for a name without a section.
std::string section_of(std::string const& name);
/// "models" of "train.models".
std::string leaf_of(std::string const& name);

}  // namespace surf::app
