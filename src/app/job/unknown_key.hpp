#pragma once

#include <boost/program_options/options_description.hpp>
#include <string>

namespace surf::app
{

/// Whether it is a key of an experiment, as "train.models".
bool is_experiment_key(std::string const& name);

/// Throws InputError that names the known key that is closest, if one is near.
[[noreturn]] void refuse_unknown(std::string const& origin, std::string const& name,
                                 boost::program_options::options_description const& known);

/// As above, and explains that an option cannot be of one experiment alone.
[[noreturn]] void refuse_unknown_option(std::string const& origin, std::string const& name,
                                        boost::program_options::options_description const& known);

}  // namespace surf::app
