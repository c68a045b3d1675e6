#include "train/train_chain.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/name_table.hpp"
#include "chain/partial_chain.hpp"
#include "chain/reader.hpp"
#include "hdf5/file.hpp"
#include "model/device.hpp"
#include "train/trainer.hpp"

namespace surf::train
{
namespace
{

/// Snapshot first, state second: a state on disk always has all its earlier snapshots beside it.
void write(chain::PartialChain& chain, Trainer& trainer, std::int64_t snapshot, std::int64_t step)
{
    auto const losses = trainer.losses().take();
    chain.write_snapshot({snapshot, step, trainer.generator(), losses});
    chain.write_state({step, snapshot + 1, trainer.state()});
    for (auto const& [name, loss] : losses)
    {
        spdlog::debug("snapshot {}: mean {} loss {:.4f}", snapshot, name, loss);
    }
}

}  // namespace

chain::ChainHeader chain_header(TrainSpec const& spec)
{
    return {spec.canonical(), spec.intervals + 1};
}

namespace
{

bool is_provided(TrainSpec const& spec, std::filesystem::path const& output)
{
    if (!chain::find_chain(output, chain_header(spec)))
    {
        return false;
    }
    auto const path = chain::chain_path(output, spec.id());
    try
    {
        chain::verify(path);
        return true;
    }
    catch (FileError const& damage)
    {
        h5::set_aside(path, damage.what());
        return false;
    }
}

}  // namespace

void provide_chain(TrainSpec const& spec, data::TrainingImages const& images,
                   std::filesystem::path const& output, at::Device device,
                   TrainProgress const& progress, std::stop_token const& stop)
{
    if (is_provided(spec, output))
    {
        return;
    }
    model::set_compute_threads(spec.threads);
    chain::PartialChain chain(output, chain_header(spec));
    auto const trainer = make_trainer(spec, images, device);

    std::int64_t step = 0;
    if (auto const state = chain.load_state())
    {
        trainer->restore(state->arrays);
        step = state->step;
        spdlog::info("training of {} k={} resumes at step {} of {}",
                     name_of(model::model_table, spec.model), spec.latent_dim, step, spec.steps());
    }
    else
    {
        write(chain, *trainer, 0, 0);
    }
    while (step < spec.steps())
    {
        if (stop.stop_requested())
        {
            throw Interrupted(
                "stopped in the middle of training (it resumes at its last snapshot)");
        }
        trainer->step(step);
        ++step;
        if (step % spec.steps_per_snapshot == 0)
        {
            write(chain, *trainer, step / spec.steps_per_snapshot, step);
        }
        progress(step, spec.steps());
    }
    chain.finish();
}

}  // namespace surf::train
