#pragma once

#include <boost/program_options/options_description.hpp>

namespace surf::app
{

/// Options that only the command line has.
boost::program_options::options_description general_options();

/// The job's keys: options of the command line and keys of the job file.
boost::program_options::options_description job_options();

}  // namespace surf::app
