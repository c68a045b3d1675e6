#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "app/job/chain_options.hpp"
#include "app/job/job.hpp"
#include "model/device.hpp"

namespace surf::app
{

enum class Command : std::int8_t
{
    run,
    train,
    plan,
    status,
    show,
    reduce,
    surface,
    theory,
    validate,
    import_chain,
    export_snapshot,
    version,
    help,
};

struct CommandEntry
{
    Command kind;
    std::string_view name;
    std::string_view description;
};

inline constexpr std::array command_table = {
    CommandEntry{Command::run, "run",
                 "train, run all trials, write OUTPUT/results.h5; resumes what was interrupted"},
    CommandEntry{Command::train, "train",
                 "make the chains that run needs and nothing else; resumes as run does"},
    CommandEntry{Command::plan, "plan",
                 "show models, cells, blocks and estimates; compute nothing"},
    CommandEntry{Command::status, "status", "show how far the job in an output folder is"},
    CommandEntry{Command::show, "show",
                 "write OUTPUT/trial-<cell>-<trial>.h5: one trial's images, latents and path"},
    CommandEntry{Command::reduce, "reduce", "write OUTPUT/results.h5 from what is stored already"},
    CommandEntry{
        Command::surface, "surface",
        "write OUTPUT/surface-<model>-<id>.h5: the objective over k = 2 latents (figure 1)"},
    CommandEntry{Command::theory, "theory",
                 "write OUTPUT/theory-<id>.h5: theorem 3.1 checked on random networks"},
    CommandEntry{Command::validate, "validate",
                 "check files (validate FILE ...) and what they hold"},
    CommandEntry{Command::import_chain, "import",
                 "write a chain of a generator that was trained elsewhere, from its checkpoints"},
    CommandEntry{Command::export_snapshot, "export",
                 "write one snapshot of a chain as safetensors, with its network beside it"},
    CommandEntry{Command::version, "version",
                 "show versions of program and libraries, and devices"},
    CommandEntry{Command::help, "help", "show this text, or that of a topic: help TOPIC"},
};

enum class Format
{
    table,
    json,
};

/// Whether a command computes on as many ranks as mpirun or srun starts.
constexpr bool runs_on_ranks(Command command)
{
    return command == Command::run || command == Command::train || command == Command::surface;
}

/// What show is asked for.
struct ShowRequest
{
    std::string cell;  ///< how its id begins
    std::int64_t trial = 0;
};

/// What the command line asks for.
struct Options
{
    Command command = Command::run;
    Job job;                                   ///< of the commands that read one
    std::filesystem::path job_file;            ///< where the job came from
    std::vector<std::filesystem::path> files;  ///< of validate
    ImportRequest import_request;              ///< of import
    ExportRequest export_request;              ///< of export
    ShowRequest show;
    model::DeviceChoice device = model::DeviceChoice::automatic;
    std::string log_level = "info";
    Format format = Format::table;
    bool watches = false;           ///< of status: until no run is at work
    std::string help_topic;         ///< of help; empty: none
    bool accepts_new_data = false;  ///< of run: other images than the output folder's results
    int ranks = 0;                  ///< of plan: whose wall time is asked for; 0: nobody's
};

/// Arguments without the program's name. Reads the job file, where the command needs one:
/// --job, or the word behind the command; for status, show and reduce, with --output or that word
/// alone, OUTPUT/job.ini; otherwise jobs/demo.ini. Throws InputError naming origin, key and value.
Options parse_options(std::vector<std::string> const& arguments);

/// A job from the text of a job file. `origin` names it in errors.
Job parse_job(std::string const& text, std::string const& origin);

}  // namespace surf::app
