#include <fmt/format.h>

#include "app/command.hpp"
#include "app/plan_text.hpp"
#include "app/theory_plan.hpp"

namespace surf::app
{

namespace
{

/// A plan without wall time is there at once: only for that the machine is measured.
MachineSpeed speed_for(Options const& options, Plan const& plan)
{
    return options.ranks == 0 ? MachineSpeed() : MachineSpeed::measured(options.job, plan);
}

}  // namespace

ExitCode plan_command(Options const& options)
{
    Job const& job = options.job;
    fmt::print("plan of {}, output {}\n\n", options.job_file.string(), job.output.string());
    std::string const theory = theory_text(job);
    if (!job.experiments.empty())
    {
        // Theory alone needs no images.
        Plan const plan = load_plan(job);
        PlanState const state(job, plan, speed_for(options, plan));
        fmt::print("{}", plan_text(state));
        if (options.ranks > 0)
        {
            fmt::print("{}", wall_time_text(wall_time(state, options.ranks), options.ranks));
        }
        fmt::print("{}", theory.empty() ? "" : "\n");
    }
    fmt::print("{}", theory);
    return ExitCode::success;
}

}  // namespace surf::app
