#pragma once

#include <boost/program_options/options_description.hpp>
#include <string>

namespace surf::app
{

/// A group of options in the width of the help text.
boost::program_options::options_description option_group(std::string const& title);

/// Options that only the command line has.
boost::program_options::options_description general_options();

/// Options of the commands import and export.
boost::program_options::options_description chain_options();

/// The keys of one section of the job file.
boost::program_options::options_description key_options(std::string const& section);

/// The job's keys: options of the command line and keys of the job file.
boost::program_options::options_description job_options();

}  // namespace surf::app
