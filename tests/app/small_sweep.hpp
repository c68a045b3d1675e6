#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "app/job/options.hpp"
#include "app/job/plan.hpp"
#include "app/stored.hpp"
#include "store/segment.hpp"
#include "support/scratch_folder.hpp"

namespace surf::test
{

inline DataSpec const data_spec{"checksum", {1, 28, 28}};

/// A DCGAN chain and an adam and a surfing cell of 2 blocks each.
struct SmallSweep
{
    ScratchFolder folder;
    app::Job job;
    app::Plan plan;

    explicit SmallSweep(std::int64_t trials = 6, std::int64_t block_size = 4)
        : job(app::parse_job(
              fmt::format("[train]\nmodels = dcgan\nlatent_dims = 2\n[trials]\ncount = {}\n"
                          "block_size = {}\n",
                          trials, block_size),
              "test"))
    {
        job.output = folder.path;
        job.chains = folder.path / "chains";
        plan = app::make_plan(job, data_spec);
    }

    /// Stores a block in which every trial succeeds after `iterations` steps.
    std::filesystem::path store_block(sched::BlockIndex block, std::int64_t budget,
                                      std::int64_t iterations) const
    {
        BlockSpec const spec = plan.block_spec({block, {.steps = budget}});
        std::vector<TrialOutcome> outcomes(static_cast<std::size_t>(spec.count));
        for (std::int64_t i = 0; i < spec.count; ++i)
        {
            TrialOutcome& outcome = outcomes[static_cast<std::size_t>(i)];
            outcome.trial = spec.first + i;
            outcome.success = true;
            outcome.iterations = iterations + 100;
            outcome.network_evaluations = 2 * outcome.iterations + 2;
            outcome.first_hit = iterations;
            outcome.latent = {0.1F, 0.2F};
            outcome.best_latent = outcome.latent;
        }
        store::write_segment(job.output, spec, outcomes, {"host", "cpu", 1.5});
        return store::segment_path(job.output, spec.id());
    }

    std::vector<app::StoredCell> cells(store::OnDamage damage = store::OnDamage::leave) const
    {
        return app::stored_cells(plan, job.output, damage);
    }
};

}  // namespace surf::test
