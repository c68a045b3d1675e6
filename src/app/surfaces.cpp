#include "app/surfaces.hpp"

#include <fmt/format.h>

#include <array>
#include <set>

#include "app/await_file.hpp"
#include "app/print.hpp"
#include "app/stored_file.hpp"
#include "app/versions.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/name_table.hpp"
#include "chain/reader.hpp"
#include "landscape/surface_file.hpp"
#include "landscape/surfaces.hpp"
#include "model/device.hpp"

namespace surf::app
{
namespace fs = std::filesystem;

std::vector<PlannedSurface> surfaces_in(Plan const& plan)
{
    std::vector<PlannedSurface> surfaces;
    std::set<std::string> seen;
    for (PlannedExperiment const& experiment : plan.experiments)
    {
        for (PlannedSurface const& surface : experiment.surfaces)
        {
            auto const key =
                plan[surface.chain].header.id().hex() + surface.spec.canonical().text();
            if (seen.insert(key).second)
            {
                surfaces.push_back(surface);
            }
        }
    }
    return surfaces;
}

fs::path surface_path(Job const& job, Plan const& plan, PlannedSurface const& surface)
{
    PlannedChain const& chain = plan[surface.chain];
    CanonicalText text = surface.spec.canonical();
    text.add("chain", chain.header.id().hex());
    text.add("seed", job.seed);
    return job.output /
           fmt::format("surface-{}-{}.h5", chain.generator().label, SurfaceId::of(text).brief());
}

namespace
{

void compute_surface(RunContext const& context, PlannedSurface const& surface,
                     chain::Reader const& chain, fs::path const& path,
                     std::function<bool()> const& stopped)
{
    NodeCores::Loan const loan = context.cores.borrow_all();
    auto const& training = context.plan[surface.chain].training;
    model::set_compute_threads(training ? training->threads : 1);
    std::stop_source stop;
    auto const progress = [&](std::int64_t done, std::int64_t levels) {
        spdlog::info("{}: level {} of {}", path.filename().string(), done, levels);
        if (stopped())
        {
            stop.request_stop();
        }
    };
    std::array const computed = {
        landscape::compute_surfaces(surface.spec, chain, context.test_images, context.job.seed,
                                    context.device, progress, stop.get_token())};
    auto provenance = version_attributes();
    provenance["job"] = context.job.text();
    landscape::write_surfaces(path, computed, provenance);
}

}  // namespace

std::vector<sched::ChainIndex> chains_for_surfaces(RunContext const& context)
{
    std::vector<sched::ChainIndex> chains;
    for (PlannedSurface const& surface : surfaces_in(context.plan))
    {
        if (!is_stored(surface_path(context.job, context.plan, surface)))
        {
            chains.push_back(surface.chain);
        }
    }
    return chains;
}

std::int64_t provide_surfaces(RunContext const& context, std::function<bool()> const& stopped)
{
    std::int64_t missing = 0;
    for (PlannedSurface const& surface : surfaces_in(context.plan))
    {
        PlannedChain const& planned = context.plan[surface.chain];
        fs::path const path = surface_path(context.job, context.plan, surface);
        if (!fs::exists(path))
        {
            if (context.cores.nodes() > 1)
            {
                await_file(planned.path, stopped);
            }
            auto const chain = planned.training
                                   ? chain::find_chain(context.job.chains, planned.header)
                                   : std::optional(chain::Reader(planned.path, planned.header));
            if (!chain)
            {
                spdlog::error("{}: not computed, chain {} is missing", path.string(),
                              planned.header.id().brief());
                ++missing;
                continue;
            }
            compute_surface(context, surface, *chain, path, stopped);
        }
        print_if_read(fmt::format("surface: {}\n", path.string()));
    }
    return missing;
}

}  // namespace surf::app
