#include "train/train_chain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/error.hpp"
#include "base/folder_lock.hpp"
#include "base/log.hpp"
#include "base/name_table.hpp"
#include "chain/partial_chain.hpp"
#include "chain/reader.hpp"
#include "hdf5/file.hpp"
#include "hdf5/seal.hpp"
#include "model/device.hpp"
#include "train/quality.hpp"
#include "train/trainer.hpp"

namespace surf::train
{
namespace
{

/// How often the log of a training is told, at most.
constexpr std::int64_t reports = 10;

/// A trainer's state is several times as big as a snapshot. After writing one, training goes on for
/// at least so many times as long as that took: on a GPU it would else wait for the disk.
constexpr int least_training_a_state = 5;

void report(TrainSpec const& spec, std::int64_t snapshot, chain::Log const& log)
{
    std::string text;
    for (auto const& [name, value] : log)
    {
        text += fmt::format(", {} {:.4g}", name, value);
    }
    spdlog::info("{} k={}, snapshot {} of {}{}", spec.label(), spec.latent_dim, snapshot,
                 spec.intervals, text);
}

/// Throws EnvironmentError if the file is sound, byte for byte: then it was memory or the disk that
/// kept it from being read, and it is not to be trained again.
void require_damaged(std::filesystem::path const& path, FileError const& failure)
{
    try
    {
        h5::check_seal(path, h5::SealCheck::everything);
    }
    catch (FileError const&)
    {
        return;
    }
    throw EnvironmentError(fmt::format("{} (but its bytes are sound) run again", failure.what()));
}

bool is_provided(TrainSpec const& spec, std::filesystem::path const& chains)
{
    if (!chain::find_chain(chains, chain_header(spec)))
    {
        return false;
    }
    auto const path = chain::chain_path(chains, spec.id());
    try
    {
        chain::verify(path);
        return true;
    }
    catch (FileError const& damage)
    {
        require_damaged(path, damage);
        h5::set_aside(path, damage.what());
        return false;
    }
}

/// One training, from its beginning or from where an earlier one was stopped or cut short.
class ChainTraining
{
  public:
    ChainTraining(TrainSpec const& spec, data::DataSet const& data, chain::PartialChain& chain,
                  at::Device device)
        : spec_(spec),
          chain_(chain),
          trainer_(make_trainer(spec, data.training, device)),
          quality_(spec, data.test, device)
    {}

    void run(TrainProgress const& progress, std::stop_token const& stop)
    {
        std::int64_t step = begin();
        while (step < spec_.steps())
        {
            if (stop.stop_requested())
            {
                write_state(step);
                throw Interrupted("stopped in the middle of training (it resumes there)");
            }
            trainer_->step(step);
            ++step;
            if (step % spec_.steps_per_snapshot == 0)
            {
                write_snapshot(step / spec_.steps_per_snapshot, step);
                if (step == spec_.steps() || Clock::now() >= next_state_)
                {
                    write_state(step);
                }
            }
            progress(step, spec_.steps());
        }
    }

  private:
    using Clock = std::chrono::steady_clock;

    /// The number of steps that are done.
    std::int64_t begin()
    {
        auto const state = chain_.load_state();
        if (!state)
        {
            write_snapshot(0, 0);
            write_state(0);
            return 0;
        }
        trainer_->restore(state->arrays);
        trainer_->log().restore(state->arrays);
        spdlog::info("training of {} k={} resumes at step {} of {}", spec_.label(),
                     spec_.latent_dim, state->step, spec_.steps());
        return state->step;
    }

    /// After the snapshot of its step, if there is one: a state on disk always has all its earlier
    /// snapshots beside it.
    void write_state(std::int64_t step)
    {
        auto const start = Clock::now();
        Parameters arrays = trainer_->state();
        trainer_->log().append_state(arrays);
        chain_.write_state({step, step / spec_.steps_per_snapshot + 1, std::move(arrays)});
        auto const end = Clock::now();
        next_state_ = end + least_training_a_state * (end - start);
    }

    void write_snapshot(std::int64_t snapshot, std::int64_t step)
    {
        model::Network const& generator = trainer_->generator();
        auto [log, samples] = quality_.judge(generator);
        log.merge(trainer_->log().take());
        chain_.write_snapshot({snapshot, step, generator.parameters(), log, std::move(samples)});
        std::int64_t const interval = (spec_.intervals + reports - 1) / reports;
        bool const is_last = snapshot == spec_.intervals;  // told when it is judged and published
        if (snapshot % interval == 0 && !is_last)
        {
            report(spec_, snapshot, log);
        }
    }

    TrainSpec const& spec_;
    chain::PartialChain& chain_;
    std::unique_ptr<Trainer> trainer_;
    SampleQuality quality_;
    Clock::time_point next_state_;  ///< not before
};

/// What is wrong with a generator that makes much the same image of every latent; empty if it does
/// not.
std::string find_collapse(chain::Snapshot const& last)
{
    auto const diversity = last.log.find(chain::diversity_entry);
    if (diversity == last.log.end() || diversity->second >= collapse_bound)
    {
        return "";
    }
    return fmt::format("snapshot {}: {} is {:.2g}, below {}", last.index, chain::diversity_entry,
                       diversity->second, collapse_bound);
}

/// Says that a chain which is taken all the same is of little use.
void warn_of_collapse(TrainSpec const& spec, chain::Snapshot const& last)
{
    std::string const finding = find_collapse(last);
    if (!finding.empty())
    {
        spdlog::warn(
            "{} k={}, {} (after {} training steps the generator makes much the same image of "
            "every latent, trials on it say little) train longer",
            spec.label(), spec.latent_dim, finding, spec.steps());
    }
}

/// Judges the last snapshot as it is on disk, so that a training which ended here before is judged
/// again.
void require_not_collapsed(TrainSpec const& spec, chain::Snapshot const& last)
{
    std::string const finding = find_collapse(last);
    if (!finding.empty() && spec.steps() >= collapse_steps)
    {
        throw chain::DivergedError(
            fmt::format("{} (the generator has collapsed to one image, trials on it would say "
                        "nothing) lower train.generator_rate, train longer or take another seed",
                        finding));
    }
}

/// Trains to the end and judges what came out. Returns the log of the last snapshot. A finding
/// stays in the chain's folder.
chain::Log train_and_judge(TrainSpec const& spec, data::DataSet const& data,
                           chain::PartialChain& chain, at::Device device,
                           TrainProgress const& progress, std::stop_token const& stop)
{
    try
    {
        ChainTraining(spec, data, chain, device).run(progress, stop);
        chain::Snapshot const last = chain.read_snapshot(spec.intervals);
        require_not_collapsed(spec, last);
        return last.log;
    }
    catch (chain::DivergedError const& finding)
    {
        chain.mark_diverged(finding.what());
        throw;
    }
}

/// Throws FolderBusyError if another process trains this chain.
void train(TrainSpec const& spec, LoadData const& load_data, std::filesystem::path const& chains,
           at::Device device, TrainProgress const& progress, std::stop_token const& stop)
{
    chain::PartialChain chain(chains, chain_header(spec));
    if (is_provided(spec, chains))  // by a process that had the folder just before
    {
        chain.discard();
        return;
    }
    chain::Log const last = train_and_judge(spec, load_data(), chain, device, progress, stop);
    chain.finish();
    report(spec, spec.intervals, last);
}

}  // namespace

chain::ChainHeader chain_header(TrainSpec const& spec)
{
    return {spec.canonical(), spec.intervals + 1, spec.generator(), "trained by surf_sweep"};
}

Provision provide_chain(TrainSpec const& spec, LoadData const& load_data,
                        std::filesystem::path const& chains, at::Device device,
                        TrainProgress const& progress, std::stop_token const& stop)
{
    if (is_provided(spec, chains))
    {
        chain::remove_remains(chains, spec.id());
    }
    else
    {
        model::set_compute_threads(spec.threads);
        try
        {
            train(spec, load_data, chains, device, progress, stop);
        }
        catch (FolderBusyError const&)
        {
            return Provision::busy;
        }
    }
    chain::Reader const chain(chain::chain_path(chains, spec.id()), chain_header(spec));
    warn_of_collapse(spec, chain.read(spec.intervals));
    return Provision::published;
}

}  // namespace surf::train
