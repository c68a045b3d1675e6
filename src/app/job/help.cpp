#include "app/job/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <vector>

#include "app/job/estimate.hpp"
#include "app/job/exit_codes.hpp"
#include "app/job/job_keys.hpp"
#include "app/job/option_groups.hpp"
#include "app/job/options.hpp"
#include "app/job/reference.hpp"

namespace surf::app
{
namespace
{

/// The section of the keys that come before the first.
constexpr std::string_view first_section = "job";

template <class Table>
std::string rows(std::string_view title, Table const& table)
{
    std::string text = fmt::format("\n{}:\n", title);
    for (auto const& entry : table)
    {
        text += fmt::format("  {:<13} {}\n", entry.name, entry.description);
    }
    return text;
}

std::string choices()
{
    return rows("Models", model_table) + rows("Tasks", task_table) + rows("Methods", method_table) +
           rows("Operators", operator_table) + rows("Presets", preset_table) +
           fmt::format("\nSchedules: {}\n", all_names(schedule_table));
}

template <class Options>
std::string text_of(Options const& options)
{
    std::ostringstream text;
    text << options;
    return text.str();
}

std::string keys()
{
    return "Keys of the job file, which are options too; the command line wins. Lists are\n"
           "comma-separated; [defaults] in brackets. A job of several experiments = A,B gives "
           "each\n"
           "its own keys in sections [A.train], [B.trials] and so on; what is outside holds for "
           "all,\n"
           "and so does an option; --experiments chooses among them.\n" +
           text_of(job_options());
}

std::string exit_codes()
{
    std::string text;
    for (auto const& [code, description] : exit_code_table)
    {
        text += fmt::format("  {:<10} {}\n", static_cast<int>(code), description);
    }
    text +=
        "  any other  mpirun's, srun's or a signal's own (1, 137, 143, 205): ranks were killed; "
        "what is\n"
        "             stored is intact, the same command resumes\n"
        "Stop several ranks in good order by USR1 or USR2 to mpirun, or any of TERM, INT, HUP, "
        "XCPU, USR1\n"
        "and USR2 to the ranks or to srun. TERM, INT and HUP to mpirun kill them: it ends with "
        "1.\n";
    return text;
}

bool is_section(std::string_view name)
{
    return std::ranges::find(key_sections(), name) != key_sections().end();
}

std::string about(CommandEntry const& command)
{
    bool const of_chains =
        command.kind == Command::import_chain || command.kind == Command::export_snapshot;
    std::string const name(command.name);
    return fmt::format("surf_sweep {}: {}\n\n{}{}", name, command.description,
                       text_of(of_chains ? chain_options() : general_options()),
                       is_section(name) ? fmt::format("\n{}", text_of(key_options(name))) : "");
}

struct Topic
{
    std::string_view name;
    std::string_view description;
    std::string (*text)();
};

constexpr std::array topic_table = {
    Topic{"keys", "every key of the job file, with unit and default", keys},
    Topic{"choices", "models, tasks, methods, operators, presets, schedules", choices},
    Topic{"exit-codes", "what the program ends with", exit_codes},
    Topic{"man", "the manual page: surf_sweep help man > surf_sweep.1", man_page},
    Topic{"bash", "completion: surf_sweep help bash > surf_sweep.bash", bash_completion},
    Topic{"markdown", "docs/keys.md", keys_page},
};

/// For the search of the name that was meant.
struct NamedTopic
{
    std::string name;
};

std::string name_of_section(std::string const& section)
{
    return section.empty() ? std::string(first_section) : section;
}

}  // namespace

std::vector<std::string> help_topics()
{
    std::vector<std::string> names = names_in(topic_table);
    std::ranges::copy(names_in(command_table), std::back_inserter(names));
    std::ranges::transform(key_sections(), std::back_inserter(names), name_of_section);
    return names;
}

std::string help_text()
{
    std::string sections;
    for (std::string const& section : key_sections())
    {
        sections += sections.empty() ? "" : ", ";
        sections += name_of_section(section);
    }
    return fmt::format(
        "Usage: surf_sweep [COMMAND] [--job FILE] [--KEY VALUE ...]\n"
        "       surf_sweep run|train|plan|surface|theory [JOBFILE], status|show|reduce [OUTPUT]\n"
        "       mpirun -n RANKS surf_sweep [run|train|surface] [JOBFILE] [--KEY VALUE ...]\n"
        "       surf_sweep import --network FILE --label NAME --out FILE [...] CHECKPOINT...\n"
        "       surf_sweep export --chain FILE [--snapshot NUMBER] --out FILE\n"
        "Surfing (Song, Fan, Lafferty 2019): trains generators, runs trials, writes results.\n"
        "Without arguments the demo job (jobs/demo.ini) is run.\n{}\n{}"
        "\nThe cost of work is estimated in evaluations: one forward or one backward pass of the\n"
        "generator for one image. Core time is how long one CPU core takes, at {:.0f} evaluations\n"
        "a second or, with plan --ranks, as measured.\n"
        "{}  {:<13} options of one\n  {:<13} a section of the job file:\n  {:<13} {}\n",
        rows("Commands", command_table), text_of(general_options()), evaluations_per_second,
        rows("More: surf_sweep help TOPIC", topic_table), "COMMAND", "SECTION", "", sections);
}

std::string help_text(std::string const& topic)
{
    if (auto const found = std::ranges::find(topic_table, topic, &Topic::name);
        found != topic_table.end())
    {
        return found->text();
    }
    if (auto const found = std::ranges::find(command_table, topic, &CommandEntry::name);
        found != command_table.end())
    {
        return about(*found);
    }
    std::string const section = topic == first_section ? "" : topic;
    if (is_section(section))
    {
        return text_of(key_options(section));
    }
    std::vector<NamedTopic> all;
    for (std::string const& name : help_topics())
    {
        all.push_back({name});
    }
    throw InputError(fmt::format("command line: help {}: {}", topic, no_such_choice(all, topic)));
}

}  // namespace surf::app
