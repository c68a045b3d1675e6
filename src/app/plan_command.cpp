#include <fmt/format.h>

#include "app/command.hpp"
#include "app/plan_text.hpp"
#include "app/theory_plan.hpp"

namespace surf::app
{

ExitCode plan_command(Options const& options)
{
    Job const& job = options.job;
    fmt::print("plan of {}, output {}\n\n", options.job_file.string(), job.output.string());
    std::string const theory = theory_text(job);
    if (!job.experiments.empty())
    {
        // Theory alone needs no images.
        fmt::print("{}{}", plan_text(job, load_plan(job)), theory.empty() ? "" : "\n");
    }
    fmt::print("{}", theory);
    return ExitCode::success;
}

}  // namespace surf::app
