#include "app/job/option_groups.hpp"

#include <fmt/format.h>

#include <boost/program_options/value_semantic.hpp>

#include "app/job/job_keys.hpp"

namespace surf::app
{
namespace po = boost::program_options;

namespace
{

constexpr unsigned help_width = 100;
constexpr unsigned description_width = 60;

}  // namespace

po::options_description option_group(std::string const& title)
{
    return po::options_description(title, help_width, description_width);
}

po::options_description general_options()
{
    po::options_description options = option_group("Command line only");
    auto const value = [](char const* name) { return po::value<std::string>()->value_name(name); };
    options.add_options()(
        "job", value("FILE"),
        "job file; default: jobs/demo.ini, for status, show and reduce OUTPUT/job.ini");
    options.add_options()("device", value("NAME"), "auto, cpu or cuda [auto]");
    options.add_options()("log-level", value("NAME"),
                          "trace, debug, info, warn, error or off [info]");
    options.add_options()("json", "of status: write JSON");
    options.add_options()("watch", "of status: again every few seconds, until no run is at work");
    options.add_options()("accept-new-data",
                          "of run: begin again on other images than the output folder's results "
                          "are of");
    options.add_options()(
        "ranks", value("N"),
        "of plan: measure this machine for some seconds, and say how long N ranks "
        "take that have a core each");
    options.add_options()("cell", value("ID"),
                          "of show: the trial's cell, how its id begins; without, they are listed");
    options.add_options()("trial", value("N"), "of show: the trial's number in its cell [0]");
    options.add_options()("help", "as the command help");
    options.add_options()("version", "as the command version");
    return options;
}

po::options_description key_options(std::string const& section)
{
    po::options_description group =
        option_group(section.empty() ? "Job file, before the first section"
                                     : fmt::format("Job file, section [{}]", section));
    for (KeyText const& key : key_texts())
    {
        if (section_of(key.name) == section)
        {
            std::string const shown =
                key.standard.empty() ? "" : fmt::format(" [{}]", key.standard);
            group.add_options()(key.name.c_str(), po::value<std::string>()->value_name("VALUE"),
                                (key.help + shown).c_str());
        }
    }
    return group;
}

po::options_description job_options()
{
    po::options_description all;
    for (std::string const& section : key_sections())
    {
        all.add(key_options(section));
    }
    return all;
}

}  // namespace surf::app
