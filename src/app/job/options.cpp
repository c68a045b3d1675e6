#include "app/job/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "app/job/job_keys.hpp"
#include "app/job/option_groups.hpp"
#include "app/job/output_notes.hpp"
#include "app/job/unknown_key.hpp"

namespace surf::app
{
namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace
{

constexpr char const* command_line = "command line";
constexpr char const* demo_job = "jobs/demo.ini";

/// What Boost read, as settings; positional words go to `words`.
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

Settings parse_arguments(std::vector<std::string> const& arguments, std::vector<std::string>& words)
{
    namespace style = po::command_line_style;
    po::options_description known = general_options();
    known.add(chain_options());
    known.add(job_options());
    try
    {
        return collect(
            po::command_line_parser(arguments)
                .options(known)
                .style(style::allow_long | style::long_allow_adjacent | style::long_allow_next)
                .run(),
            command_line, &words);
    }
    catch (po::unknown_option const& unknown)
    {
        std::string const argument = unknown.get_option_name();  // "--name" or "--name=value"
        refuse_unknown_option(command_line, argument.substr(2, argument.find('=') - 2), known);
    }
    catch (po::error const& failure)
    {
        throw InputError(fmt::format("{}: {}; see surf_sweep help", command_line, failure.what()));
    }
}

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

std::string read_job_file(fs::path const& path)
{
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    if (fs::is_directory(path) || !(text << stream.rdbuf()))
    {
        throw InputError(fmt::format(
            "{}: cannot be read as a job file; name a readable file that is not empty: --job FILE",
            path.string()));
    }
    return text.str();
}

/// Takes a setting of the command line out, so that what remains are the job's.
std::optional<Setting> take(Settings& settings, std::string const& key)
{
    auto const node = settings.extract(key);
    return node ? std::optional(node.mapped()) : std::nullopt;
}

bool needs_job(Command command)
{
    return runs_on_ranks(command) || command == Command::plan || command == Command::status ||
           command == Command::reduce || command == Command::theory;
}

fs::path find_job_file(Command command, std::optional<Setting> const& job, Settings const& given)
{
    if (job)
    {
        return job->text;
    }
    bool const looks_back = command == Command::status || command == Command::reduce;
    auto const output = given.find("output");
    if (looks_back && output != given.end())
    {
        fs::path const file = fs::path(output->second.text) / "job.ini";
        if (!fs::exists(file))
        {
            refuse(output->second,
                   "nothing was run there (it holds no job.ini); check the folder, "
                   "or name a job: --job FILE");
        }
        read_note(file);  // or it might say that another job is not done
        return file;
    }
    if (!fs::exists(demo_job))
    {
        throw InputError(
            fmt::format("{}: not found from {} (the demo is what runs without --job); "
                        "start in the project's folder or name a job: --job FILE",
                        demo_job, fs::current_path().string()));
    }
    return demo_job;
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

/// What is given on the command line wins, over an experiment's own settings as well.
Job load_job(fs::path const& file, Settings given)
{
    JobSettings settings = parse_settings(read_job_file(file), file.string());
    if (auto const chosen = given.find("experiments"); chosen != given.end())
    {
        require_listed(chosen->second, settings.common);
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

Command parse_words(std::vector<std::string> const& words, std::vector<fs::path>& files)
{
    if (!words.empty() && words[0].ends_with(".ini"))
    {
        throw InputError(fmt::format("{}: {}: not a command; name a job file with --job {}",
                                     command_line, words[0], words[0]));
    }
    Command const command =
        words.empty() ? Command::run
                      : kind_of(command_table, words[0], std::string(command_line) + ": command");
    bool const takes_files = command == Command::validate || command == Command::import_chain;
    if (words.size() > 1 && !takes_files)
    {
        throw InputError(fmt::format("{}: {}: unexpected after {}; see surf_sweep help",
                                     command_line, words[1], words[0]));
    }
    if (command == Command::validate)
    {
        if (words.size() < 2)
        {
            throw InputError(fmt::format(
                "{}: validate: no file was named; use surf_sweep validate FILE ...", command_line));
        }
        files.assign(words.begin() + 1, words.end());
    }
    return command;
}

}  // namespace

Options parse_options(std::vector<std::string> const& arguments)
{
    Options options;
    std::vector<std::string> words;
    Settings given = parse_arguments(arguments, words);
    options.command = parse_words(words, options.files);
    if (take(given, "version"))
    {
        options.command = Command::version;
    }
    if (take(given, "help"))
    {
        options.command = Command::help;
    }
    if (auto const device = take(given, "device"))
    {
        options.device = kind_of(model::device_choice_table, device->text, device->label());
    }
    if (auto const level = take(given, "log-level"))
    {
        options.log_level = level->text;
    }
    if (take(given, "json"))
    {
        options.format = Format::json;
        if (options.command != Command::status)
        {
            throw InputError(
                fmt::format("{}: json: only the command status writes JSON; leave "
                            "--json out",
                            command_line));
        }
    }
    if (take(given, "accept-new-data"))
    {
        options.accepts_new_data = true;
        if (!runs_on_ranks(options.command))
        {
            throw InputError(fmt::format(
                "{}: accept-new-data: only a run begins with other images; leave it out",
                command_line));
        }
    }
    if (auto const ranks = take(given, "ranks"))
    {
        std::int64_t count = 0;
        read(*ranks, {1, 1e5, End::included, End::included}, count);
        options.ranks = static_cast<int>(count);
        if (options.command != Command::plan)
        {
            throw InputError(fmt::format(
                "{}: ranks: only the command plan is told of ranks; a run has those that "
                "mpirun or srun starts: leave --ranks out",
                command_line));
        }
    }
    if (options.command == Command::import_chain)
    {
        options.import_request = take_import(given, {words.begin() + 1, words.end()});
    }
    if (options.command == Command::export_snapshot)
    {
        options.export_request = take_export(given);
    }
    if (options.command != Command::help)
    {
        refuse_chain_options(given, name_of(command_table, options.command));
    }
    auto const job = take(given, "job");
    if (needs_job(options.command))
    {
        options.job_file = find_job_file(options.command, job, given);
        options.job = load_job(options.job_file, std::move(given));
    }
    else if (options.command != Command::help && (job || !given.empty()))
    {
        throw InputError(
            fmt::format("{}: {}: means nothing to the command {}, which reads no job; "
                        "leave it out",
                        command_line, job ? "job" : given.begin()->first,
                        name_of(command_table, options.command)));
    }
    return options;
}

Job parse_job(std::string const& text, std::string const& origin)
{
    return make_job(parse_settings(text, origin));
}

}  // namespace surf::app
