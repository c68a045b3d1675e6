#include "app/job/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <optional>

#include "app/job/job_file.hpp"
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
constexpr double most_trials = 1e15;

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

/// Takes a setting of the command line out, so that what remains are the job's.
std::optional<Setting> take(Settings& settings, std::string const& key)
{
    auto const node = settings.extract(key);
    return node ? std::optional(node.mapped()) : std::nullopt;
}

/// Whether the command asks after a run, which has left its job in its output folder.
bool looks_back(Command command)
{
    return command == Command::status || command == Command::show || command == Command::reduce;
}

bool needs_job(Command command)
{
    return runs_on_ranks(command) || looks_back(command) || command == Command::plan ||
           command == Command::theory;
}

fs::path find_job_file(Command command, std::optional<Setting> const& job, Settings const& given)
{
    if (job)
    {
        return job->text.starts_with('~') ? read_path(*job) : fs::path(job->text);
    }
    auto const output = given.find("output");
    if (looks_back(command) && output != given.end())
    {
        fs::path const file = read_path(output->second) / "job.ini";
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

/// Takes the word behind a command that reads a job: its job file or, where the command looks back,
/// the output folder.
void take_place(Command command, std::string const& word, Settings& given)
{
    bool const is_file = word.ends_with(".ini") || fs::is_regular_file(word);
    std::string const key = looks_back(command) && !is_file ? "output" : "job";
    if (!given.emplace(key, Setting{command_line, key, word}).second)
    {
        throw InputError(
            fmt::format("{}: {}: given as --{} too; give one of them", command_line, word, key));
    }
}

Command parse_words(std::vector<std::string> const& words, Options& options, Settings& given)
{
    if (!words.empty() && words[0].ends_with(".ini"))
    {
        throw InputError(fmt::format("{0}: {1}: not a command; use surf_sweep run {1}, or plan {1}",
                                     command_line, words[0]));
    }
    Command const command =
        words.empty() ? Command::run
                      : kind_of(command_table, words[0], fmt::format("{}: command", command_line));
    bool const takes_files = command == Command::validate || command == Command::import_chain;
    bool const takes_word = needs_job(command) || command == Command::help;
    if (std::size_t const most = takes_word ? 2 : 1; words.size() > most && !takes_files)
    {
        throw InputError(fmt::format("{}: {}: unexpected after {}; see surf_sweep help",
                                     command_line, words[most], words[most - 1]));
    }
    if (words.size() == 2 && command == Command::help)
    {
        options.help_topic = words[1];
    }
    if (words.size() == 2 && needs_job(command))
    {
        take_place(command, words[1], given);
    }
    if (command == Command::validate)
    {
        if (words.size() < 2)
        {
            throw InputError(fmt::format(
                "{}: validate: no file was named; use surf_sweep validate FILE ...", command_line));
        }
        options.files.assign(words.begin() + 1, words.end());
    }
    return command;
}

/// Whether a flag is given. Throws InputError if it is, and does not fit the command.
bool take_flag(Settings& given, std::string const& key, bool fits, std::string_view why)
{
    bool const is_given = take(given, key).has_value();
    if (is_given && !fits)
    {
        throw InputError(fmt::format("{}: {}: {}; leave --{} out", command_line, key, why, key));
    }
    return is_given;
}

void take_show_options(Settings& given, Options& options)
{
    auto const cell = take(given, "cell");
    auto const trial = take(given, "trial");
    if (options.command != Command::show && (cell || trial))
    {
        throw InputError(fmt::format("{}: {}: only the command show picks a trial; leave it out",
                                     command_line, cell ? "cell" : "trial"));
    }
    if (cell)
    {
        options.show.cell = cell->text;
    }
    if (trial)
    {
        read(*trial, {.low = 0, .high = most_trials}, options.show.trial);
    }
}

/// Takes the options that only the command line has and that no other function takes.
void take_general_options(Settings& given, Options& options)
{
    if (auto const device = take(given, "device"))
    {
        options.device = kind_of(model::device_choice_table, device->text, device->label());
    }
    if (auto const level = take(given, "log-level"))
    {
        options.log_level = level->text;
    }
    bool const is_status = options.command == Command::status;
    if (take_flag(given, "json", is_status, "only the command status writes JSON"))
    {
        options.format = Format::json;
    }
    options.watches = take_flag(given, "watch", is_status, "only the command status watches a run");
    options.accepts_new_data = take_flag(given, "accept-new-data", runs_on_ranks(options.command),
                                         "only a run begins with other images");
    take_show_options(given, options);
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
}

}  // namespace

Options parse_options(std::vector<std::string> const& arguments)
{
    Options options;
    std::vector<std::string> words;
    Settings given = parse_arguments(arguments, words);
    bool const asks_help = std::erase(words, "-h") > 0;
    options.command = parse_words(words, options, given);
    if (take(given, "version"))
    {
        options.command = Command::version;
    }
    if (take(given, "help") || asks_help)
    {
        options.help_topic =
            words.empty() || options.command == Command::help ? options.help_topic : words[0];
        options.command = Command::help;
        return options;
    }
    take_general_options(given, options);
    if (options.command == Command::import_chain)
    {
        options.import_request = take_import(given, {words.begin() + 1, words.end()});
    }
    if (options.command == Command::export_snapshot)
    {
        options.export_request = take_export(given);
    }
    refuse_chain_options(given, name_of(command_table, options.command));
    auto const job = take(given, "job");
    if (needs_job(options.command))
    {
        options.job_file = find_job_file(options.command, job, given);
        options.job = load_job(options.job_file, std::move(given));
    }
    else if (job || !given.empty())
    {
        throw InputError(
            fmt::format("{}: {}: means nothing to the command {}, which reads no job; "
                        "leave it out",
                        command_line, job ? "job" : given.begin()->first,
                        name_of(command_table, options.command)));
    }
    return options;
}

}  // namespace surf::app
