#include "bench/options.hpp"

#include <fmt/format.h>

#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <charconv>
#include <cmath>
#include <map>
#include <sstream>
#include <string_view>

#include "base/error.hpp"
#include "base/name_table.hpp"

namespace surf::bench
{
namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace
{

constexpr std::int64_t most_threads = 4096;

po::options_description known_options()
{
    constexpr unsigned help_width = 100;
    constexpr unsigned description_width = 60;
    Options const defaults;
    po::options_description options("Options", help_width, description_width);
    auto const value = [](char const* name) { return po::value<std::string>()->value_name(name); };
    auto const add = [&](char const* name, auto* semantic, std::string const& help) {
        options.add_options()(name, semantic, help.c_str());
    };
    add("device", value("NAME"), "auto, cpu or cuda [auto]");
    add("filter", value("REGEX"), "measure only cases with a match in their name [all cases]");
    options.add_options()("list", "print the cases' names and measure nothing");
    add("min-time", value("SECONDS"),
        fmt::format("least time to measure a case for, in seconds [{}]", defaults.min_time));
    add("threads", value("N"),
        fmt::format("compute threads, but for training [{}]", defaults.threads));
    add("training-threads", value("N"),
        fmt::format("compute threads of training [{}]", defaults.training_threads));
    add("images", value("FOLDER"),
        fmt::format("Fashion-MNIST, for training [{}]", defaults.images.string()));
    add("chain", value("FILE"), "a trained chain (chains/<id>.h5): also measure whole cells on it");
    add("json", value("FILE"), "also write the results to this file, as JSON");
    options.add_options()("force", "overwrite the file of --json");
    options.add_options()("help", "print this");
    return options;
}

using Given = std::map<std::string, std::string>;

Given parse_arguments(std::vector<std::string> const& arguments)
{
    namespace style = po::command_line_style;
    Given given;
    po::options_description const known = known_options();
    auto const parsed =
        po::command_line_parser(arguments)
            .options(known)
            .style(style::allow_long | style::long_allow_adjacent | style::long_allow_next)
            .run();
    for (po::option const& option : parsed.options)
    {
        std::string const text = option.value.empty() ? "" : option.value.front();
        if (option.position_key >= 0)
        {
            throw InputError(
                fmt::format("command line: {}: not an option; see surf_bench --help", text));
        }
        if (!given.emplace(option.string_key, text).second)
        {
            throw InputError(
                fmt::format("command line: {}: given twice; give it once", option.string_key));
        }
    }
    return given;
}

/// Reads the option's number if it was given.
template <class Number>
void read_number(Given const& given, char const* name, Number least, Number most, Number& number)
{
    auto const found = given.find(name);
    if (found == given.end())
    {
        return;
    }
    std::string const& text = found->second;
    auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    bool const whole = failure == std::errc() && end == text.data() + text.size();
    if (!whole || !(number >= least && number <= most))
    {
        throw InputError(fmt::format("command line: {} = {}: must be a number from {} to {}", name,
                                     text, least, most));
    }
}

void read_filter(Given const& given, Options& options)
{
    auto const found = given.find("filter");
    options.filter_text = found == given.end() ? "" : found->second;
    try
    {
        options.filter = std::regex(options.filter_text);
    }
    catch (std::regex_error const& error)
    {
        throw InputError(
            fmt::format("command line: filter = {}: not a regular expression ({}); as in "
                        "--filter 'trials/.*/k5'",
                        options.filter_text, error.what()));
    }
}

void read_json(Given const& given, Options& options)
{
    auto const found = given.find("json");
    if (found == given.end())
    {
        return;
    }
    if (found->second.empty() || fs::is_directory(found->second))
    {
        throw InputError(fmt::format("command line: json = {}: not the name of a file; name one",
                                     found->second));
    }
    if (!options.force && fs::exists(found->second))
    {
        throw InputError(
            fmt::format("command line: json = {}: exists already (its results would be lost); "
                        "name another file or add --force",
                        found->second));
    }
    options.json = found->second;
}

Options read_options(Given const& given)
{
    Options options;
    options.help = given.contains("help");
    options.list = given.contains("list");
    options.force = given.contains("force");
    if (auto const device = given.find("device"); device != given.end())
    {
        options.device =
            kind_of(model::device_choice_table, device->second, "command line: device");
    }
    if (auto const images = given.find("images"); images != given.end())
    {
        options.images = images->second;
    }
    if (auto const chain = given.find("chain"); chain != given.end())
    {
        options.chain = chain->second;
    }
    read_number(given, "min-time", 0.0, 3600.0, options.min_time);
    read_number(given, "threads", std::int64_t{1}, most_threads, options.threads);
    read_number(given, "training-threads", std::int64_t{1}, most_threads, options.training_threads);
    read_filter(given, options);
    read_json(given, options);
    return options;
}

}  // namespace

Options parse_options(std::vector<std::string> const& arguments)
{
    try
    {
        return read_options(parse_arguments(arguments));
    }
    catch (po::error const& failure)
    {
        throw InputError(fmt::format("command line: {}; see surf_bench --help", failure.what()));
    }
}

std::string help_text()
{
    std::ostringstream text;
    text << "Usage: surf_bench [OPTION ...]\n"
            "       mpirun -n RANKS surf_bench [OPTION ...]\n"
            "Measures the machine's ceiling and, as shares of it, the program's own paths. A case\n"
            "is warmed up, then repeated at least 5 times; given are the median and, in brackets,\n"
            "the smallest and the largest. Shares need the ceiling's cases in the same run.\n"
            "Under mpirun rank 0 measures each trial case alone, then all ranks do at the same\n"
            "time; give each rank its cores (--bind-to none, or --map-by slot:pe=THREADS).\n\n"
         << known_options()
         << "\nExit codes are those of surf_sweep: 0 success, 2 bad command line, 3 environment,\n"
            "75 stopped by a signal.\n";
    return text.str();
}

}  // namespace surf::bench
