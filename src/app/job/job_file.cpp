#include "app/job/job_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

#include "app/job/option_groups.hpp"
#include "app/job/unknown_key.hpp"

namespace surf::app
{
namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace
{

bool is_known(std::string const& name, po::options_description const& known)
{
    return std::ranges::any_of(known.options(), [&](auto const& option) {
        return option->long_name() == name;  // no abbreviations
    });
}

/// Sorts "train.models" to the common settings and "figure3.train.models" to figure3's own.
JobSettings sort_settings(Settings const& found, std::string const& origin)
{
    po::options_description const known = job_options();
    std::set<std::string> experiments;
    if (auto const listed = found.find("experiments"); listed != found.end())
    {
        std::vector<std::string> names;
        read(listed->second, {}, names);
        experiments.insert(names.begin(), names.end());
    }
    JobSettings sorted;
    for (auto const& [name, setting] : found)
    {
        auto const dot = name.find('.');
        std::string const prefix = name.substr(0, dot == std::string::npos ? 0 : dot);
        std::string const rest = name.substr(prefix.empty() ? 0 : dot + 1);
        if (is_known(name, known))
        {
            sorted.common.emplace(name, setting);
        }
        else if (!prefix.empty() && is_experiment_key(rest) && !experiments.contains(prefix))
        {
            throw InputError(
                fmt::format("{}: {}: {} is no experiment (nothing would read this); add it to "
                            "experiments = NAME,... at the top",
                            origin, name, prefix));
        }
        else if (experiments.contains(prefix) && is_experiment_key(rest))
        {
            sorted.own[prefix].emplace(rest, setting);
        }
        else
        {
            refuse_unknown(origin, name, known);
        }
    }
    return sorted;
}

JobSettings parse_settings(std::string const& text, std::string const& origin)
{
    try
    {
        std::istringstream stream(text);
        constexpr bool allow_unknown = true;  // the keys of single experiments are not listed
        return sort_settings(
            collect(po::parse_config_file(stream, job_options(), allow_unknown), origin, nullptr),
            origin);
    }
    catch (po::error const& failure)
    {
        throw InputError(fmt::format("{}: {}; a line is [section], key = value or # comment",
                                     origin, failure.what()));
    }
}

/// Without the mark that some editors put before UTF-8.
std::string require_utf8(std::string text, fs::path const& path)
{
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    if (text.find('\0') != std::string::npos || text.starts_with("\xFF\xFE") ||
        text.starts_with("\xFE\xFF"))
    {
        throw InputError(fmt::format(
            "{}: is text in UTF-16, or no text (it has bytes that are 0); save it as UTF-8",
            path.string()));
    }
    return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

std::string read_job_file(fs::path const& path)
{
    auto const refuse_file = [&](std::string const& why) {
        throw InputError(fmt::format("{}: {}", path.string(), why));
    };
    if (fs::is_directory(path))
    {
        bool const of_a_run = fs::exists(path / "job.ini");
        refuse_file(fmt::format("is a folder; name a job file{}: --job {}",
                                of_a_run ? ", as the one that a run left there" : "",
                                of_a_run ? (path / "job.ini").string() : "FILE"));
    }
    std::error_code unseen;
    if (!fs::exists(path, unseen) && !unseen)
    {
        refuse_file(
            "there is no such job file; check the path (jobs/ has those that come with "
            "the program)");
    }
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    if (!stream ||
        (stream.peek() != std::ifstream::traits_type::eof() && !(text << stream.rdbuf())))
    {
        refuse_file(fmt::format("cannot be read ({}); name a file that you may read: --job FILE",
                                std::strerror(errno != 0 ? errno : EIO)));
    }
    if (text.str().empty())
    {
        refuse_file("is empty; write at least one key = value");
    }
    return require_utf8(text.str(), path);
}

/// An option may choose among a file's experiments, not name others.
void require_listed(Setting const& chosen, Settings const& file)
{
    auto const listed = file.find("experiments");
    std::vector<std::string> known;
    if (listed != file.end())
    {
        read(listed->second, {}, known);
    }
    std::vector<std::string> names;
    read(chosen, {}, names);
    for (std::string const& name : names)
    {
        if (std::ranges::find(known, name) == known.end())
        {
            refuse(chosen, fmt::format("the job file has no experiment {}; use some of {}", name,
                                       listed == file.end() ? "its own (it names none)"
                                                            : listed->second.text));
        }
    }
}

}  // namespace

Settings collect(po::parsed_options const& parsed, std::string const& origin,
                 std::vector<std::string>* words)
{
    Settings settings;
    for (po::option const& option : parsed.options)
    {
        std::string const text = option.value.empty() ? "" : option.value.front();
        if (option.position_key >= 0)
        {
            words->push_back(text);
        }
        else if (!settings.emplace(option.string_key, Setting{origin, option.string_key, text})
                      .second)
        {
            throw InputError(
                fmt::format("{}: {}: given twice; give it once", origin, option.string_key));
        }
    }
    return settings;
}

Job load_job(fs::path const& file, Settings given)
{
    JobSettings settings = parse_settings(read_job_file(file), file.string());
    if (settings.common.empty() && settings.own.empty())
    {
        throw InputError(
            fmt::format("{}: says nothing but comments (all keys would be at their "
                        "defaults); write at least one key = value",
                        file.string()));
    }
    if (auto const chosen = given.extract("experiments"))
    {
        settings.chosen = chosen.mapped();
        require_listed(*settings.chosen, settings.common);
    }
    for (auto& [experiment, own] : settings.own)
    {
        std::erase_if(own, [&](auto const& setting) { return given.contains(setting.first); });
    }
    given.merge(settings.common);  // keeps what is there
    given.try_emplace(
        "output", Setting{file.string(), "output", (fs::path("sweeps") / file.stem()).string()});
    settings.common = std::move(given);
    return make_job(settings);
}

Job parse_job(std::string const& text, std::string const& origin)
{
    return make_job(parse_settings(text, origin));
}

}  // namespace surf::app
