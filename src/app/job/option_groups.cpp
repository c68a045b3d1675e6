#include "app/job/option_groups.hpp"

#include <fmt/format.h>

#include <boost/program_options/value_semantic.hpp>
#include <optional>
#include <sstream>

#include "app/job/estimate.hpp"
#include "app/job/job_keys.hpp"
#include "app/job/options.hpp"
#include "base/exit_code.hpp"

namespace surf::app
{
namespace po = boost::program_options;

namespace
{

constexpr unsigned help_width = 100;
constexpr unsigned description_width = 60;

struct ExitCodeEntry
{
    ExitCode code;
    std::string_view description;
};

constexpr std::array exit_code_table = {
    ExitCodeEntry{ExitCode::success, "success"},
    ExitCodeEntry{ExitCode::bad_input, "bad command line or job file; nothing was started"},
    ExitCodeEntry{ExitCode::environment,
                  "missing data, unwritable folder, absent device, full disk"},
    ExitCodeEntry{ExitCode::bad_file, "a file that is damaged, of another version or another job"},
    ExitCodeEntry{ExitCode::blocks_failed,
                  "finished, but some chains or blocks could not be computed"},
    ExitCodeEntry{ExitCode::rank_failed, "a rank could not go on; what is stored is intact"},
    ExitCodeEntry{
        ExitCode::not_connected,
        "srun started several processes that cannot find each other; nothing was started"},
    ExitCodeEntry{ExitCode::internal_error, "internal error: a bug, please report it"},
    ExitCodeEntry{ExitCode::interrupted, "stopped by a signal; the same command resumes"},
};

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

/// One group a section.
template <class Target>
void add_groups(std::vector<po::options_description>& groups, std::vector<Key<Target>> const& keys)
{
    std::optional<std::string> section;
    for (auto const& key : keys)
    {
        if (section != section_of(key.name))
        {
            section = section_of(key.name);
            groups.push_back(option_group(section->empty()
                                              ? "Job file, before the first section"
                                              : fmt::format("Job file, section [{}]", *section)));
        }
        std::string const value = key.write(Target{});
        std::string const shown = value.empty() ? "" : fmt::format(" [{}]", value);
        groups.back().add_options()(key.name.c_str(), po::value<std::string>()->value_name("VALUE"),
                                    (key.help + shown).c_str());
    }
}

}  // namespace

po::options_description option_group(std::string const& title)
{
    return po::options_description(title, help_width, description_width);
}

po::options_description general_options()
{
    po::options_description options = option_group("Command line only");
    auto const value = [](char const* name) { return po::value<std::string>()->value_name(name); };
    options.add_options()("job", value("FILE"),
                          "job file; default: jobs/demo.ini, for status and reduce OUTPUT/job.ini");
    options.add_options()("device", value("NAME"), "auto, cpu or cuda [auto]");
    options.add_options()("log-level", value("NAME"),
                          "trace, debug, info, warn, error or off [info]");
    options.add_options()("json", "of status: write JSON");
    options.add_options()("accept-new-data",
                          "of run: begin again on other images than the output folder's results "
                          "are of");
    options.add_options()(
        "ranks", value("N"),
        "of plan: measure this machine for some seconds, and say how long N ranks "
        "take that have a core each");
    options.add_options()("help", "as the command help");
    options.add_options()("version", "as the command version");
    return options;
}

po::options_description job_options()
{
    std::vector<po::options_description> groups;
    add_groups(groups, job_keys());
    add_groups(groups, experiment_keys());
    po::options_description all;
    for (po::options_description const& group : groups)
    {
        all.add(group);
    }
    return all;
}

std::string help_text()
{
    std::ostringstream text;
    text << "Usage: surf_sweep [COMMAND] [--job FILE] [--KEY VALUE ...]\n"
            "       mpirun -n RANKS surf_sweep [run|train|surface] [--job FILE] [--KEY VALUE ...]\n"
            "       surf_sweep import --network FILE --label NAME --out FILE [...] CHECKPOINT...\n"
            "       surf_sweep export --chain FILE [--snapshot NUMBER] --out FILE\n"
            "Surfing (Song, Fan, Lafferty 2019): trains generators, runs trials, writes results.\n"
            "Without arguments the demo job (jobs/demo.ini) is run.\n"
         << rows("Commands", command_table) << rows("Models", model_table)
         << rows("Tasks", task_table) << rows("Methods", method_table)
         << rows("Operators", operator_table) << rows("Presets", preset_table)
         << "\nSchedules: " << all_names(schedule_table)
         << "\n\nOptions are also the keys of the job file; the command line wins. Lists are\n"
            "comma-separated; [defaults] in brackets. A job of several experiments = A,B gives "
            "each\n"
            "its own keys in sections [A.train], [B.trials] and so on; what is outside holds for "
            "all,\n"
            "and so does an option; --experiments chooses among them.\n"
            "The cost of work is estimated in evaluations: one forward or one backward pass of "
            "the generator\n"
            "for one image. Core time is how long one CPU core takes, at "
         << fmt::format("{:.0f}", evaluations_per_second)
         << " evaluations a second\nor, with plan --ranks, as measured.\n\n"
         << general_options() << chain_options() << job_options() << "\nExit codes:\n";
    for (auto const& [code, description] : exit_code_table)
    {
        text << fmt::format("  {:<10} {}\n", static_cast<int>(code), description);
    }
    text << "  any other  mpirun's, srun's or a signal's own (1, 137, 143, 205): ranks were "
            "killed; what is\n"
            "             stored is intact, the same command resumes\n"
            "Stop several ranks in good order by USR1 or USR2 to mpirun, or any of TERM, INT, HUP, "
            "XCPU, USR1\n"
            "and USR2 to the ranks or to srun. TERM, INT and HUP to mpirun kill them: it ends with "
            "1.\n";
    return text.str();
}

}  // namespace surf::app
