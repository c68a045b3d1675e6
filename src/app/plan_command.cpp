#include <fmt/format.h>

#include "app/command.hpp"
#include "app/plan_text.hpp"
#include "app/theory_plan.hpp"

namespace surf::app
{

namespace
{

/// Wall time is asked for where it is to be measured; a plan without it is there at once.
MachineSpeed speed_for(Options const& options, Plan const& plan)
{
    constexpr int node_rank = 0;
    return options.ranks == 0
               ? MachineSpeed()
               : MachineSpeed::measured(options.job, plan,
                                        model::choose_device(options.device, node_rank));
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
