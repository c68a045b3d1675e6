#pragma once

#include <boost/program_options/option.hpp>
#include <boost/program_options/parsers.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "app/job/job.hpp"

namespace surf::app
{

/// What Boost read, as settings; positional words go to `words`. Throws InputError for what was
/// given twice.
Settings collect(boost::program_options::parsed_options const& parsed, std::string const& origin,
                 std::vector<std::string>* words);

/// The job of a file. What is given on the command line wins, over an experiment's own settings as
/// well. Throws InputError naming the file if it cannot be read or says nothing.
Job load_job(std::filesystem::path const& file, Settings given);

}  // namespace surf::app
