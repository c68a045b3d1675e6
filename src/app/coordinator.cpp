#include "app/coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/stored.hpp"
#include "app/surfaces.hpp"
#include "app/task_failure.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/name_table.hpp"
#include "base/pending_file.hpp"
#include "base/stop_signal.hpp"
#include "data/images.hpp"
#include "mpi/backoff.hpp"
#include "store/segment.hpp"
#include "train/train_chain.hpp"

namespace surf::app
{
namespace
{

constexpr sched::Rank own_rank = 0;

/// How long a shared file system may take to show a file that another node has written.
constexpr std::chrono::seconds longest_file_delay{90};

sched::WorkPlan work_of(RunContext const& context)
{
    sched::WorkPlan work = context.plan.work();
    for (sched::ChainIndex const chain : chains_for_surfaces(context))
    {
        work.chains[static_cast<std::size_t>(chain)].wanted = true;
    }
    return work;
}

/// The images that the run began with, read anew for each training: the trials that this rank
/// computes as well need the memory more. Throws what data::load_data_set() throws, and FileError
/// if they have changed.
data::DataSet read_images(RunContext const& context)
{
    data::DataSet images = data::load_data_set(context.job.data);
    if (std::string const found = images.spec().checksum; found != context.plan.data.checksum)
    {
        throw FileError(
            fmt::format("data = {}: the images have changed since the run began "
                        "(checksum {}, then {}); put them back, or start again",
                        context.job.data.string(), context.plan.data.checksum, found));
    }
    return images;
}

std::int64_t steps_to_train(RunContext const& context)
{
    std::int64_t steps = 0;
    for (PlannedChain const& chain : context.plan.chains)
    {
        if (chain.training && !std::filesystem::exists(chain.path))
        {
            steps += chain.training->steps();
        }
    }
    return steps;
}

}  // namespace

Coordinator::Coordinator(RunContext const& context, mpi::Communicator const& communicator)
    : context_(context),
      ledger_(work_of(context), communicator.size()),
      link_(communicator.duplicate()),
      dispatcher_(ledger_, link_),
      runner_(context),
      progress_(steps_to_train(context))
{
    for (std::size_t i = 0; i < context.plan.cells.size(); ++i)
    {
        auto const cell = static_cast<sched::CellIndex>(i);
        if (context.plan[cell].budget_from.empty())
        {
            find_stored_blocks(cell, own_budget(context.plan[cell].spec));
        }
    }
    grant_budgets();
    if (auto const stored = ledger_.progress().blocks_done; stored > 0)
    {
        spdlog::info("{} of {} blocks are stored already", stored, ledger_.progress().blocks);
    }
}

void Coordinator::find_stored_blocks(sched::CellIndex cell, Budget const& budget)
{
    budgets_[cell] = budget;
    for (sched::BlockIndex const block : context_.plan.blocks_of(cell))
    {
        if (store::find_segment(context_.job.output, context_.plan.block_spec({block, budget})))
        {
            ledger_.block_done(block);
        }
    }
}

std::optional<reduce::CellStatistics> Coordinator::read_statistics(sched::CellIndex cell)
{
    reduce::CellStatistics statistics;
    auto const failed = ledger_.failed_blocks();
    for (sched::BlockIndex const block : context_.plan.blocks_of(cell))
    {
        if (std::ranges::find(failed, block) != failed.end())
        {
            continue;
        }
        auto const segment = store::find_segment(
            context_.job.output, context_.plan.block_spec({block, budgets_.at(cell)}));
        if (!segment)
        {
            wait_for_segment(block);
            return std::nullopt;
        }
        statistics.add(segment->outcomes);
    }
    missing_since_.reset();
    return statistics;
}

void Coordinator::wait_for_segment(sched::BlockIndex block)
{
    auto const now = std::chrono::steady_clock::now();
    if (!missing_since_)
    {
        missing_since_ = now;
    }
    if (now - *missing_since_ > longest_file_delay && !finishing_)
    {
        give_up(std::make_exception_ptr(
            FileError(fmt::format("{}: its segment was stored but cannot be read (another cell's "
                                  "budget depends on it) run "
                                  "the same command again",
                                  describe(context_.plan, block)))));
    }
}

Grants const* Coordinator::grants_by(sched::CellIndex cell)
{
    auto found = grants_.find(cell);
    if (found == grants_.end())
    {
        auto const statistics = read_statistics(cell);
        if (!statistics)
        {
            return nullptr;
        }
        found = grants_.emplace(cell, grants_of(*statistics)).first;
    }
    return &found->second;
}

void Coordinator::grant_budgets()
{
    // One cell's budget may find its blocks stored, and others' budgets follow from those in turn.
    for (auto cells = ledger_.cells_to_grant(); !cells.empty(); cells = ledger_.cells_to_grant())
    {
        for (sched::CellIndex const cell : cells)
        {
            std::vector<Grants> sources;
            for (sched::CellIndex const source : context_.plan[cell].budget_from)
            {
                Grants const* const grants = grants_by(source);
                if (grants == nullptr)
                {
                    return;
                }
                sources.push_back(*grants);
            }
            Budget const budget = budget_from(context_.plan[cell].spec, sources);
            find_stored_blocks(cell, budget);
            ledger_.budget_granted(cell, budget);
        }
    }
}

RunEnd Coordinator::run()
{
    mpi::Backoff backoff;
    while (true)
    {
        if (stop_signal() != nullptr && !finishing_)
        {
            spdlog::warn("{} received: stopping; the same command resumes", stop_signal());
            finish(sched::Finish::stopped);
        }
        bool active = dispatcher_.serve();
        active |= take_task_end();
        check_failures();
        grant_budgets();
        if (ledger_.finished())
        {
            finish(sched::Finish::all_done);
        }
        if (compute_.idle())
        {
            if (finishing_ && link_.workers() == 0)
            {
                return end();
            }
            start_task();
        }
        progress_.report(ledger_.progress());
        if (active)
        {
            backoff.reset();
        }
        else
        {
            backoff.pause();
        }
    }
}

void Coordinator::check_failures()
{
    std::int64_t const failed = ledger_.progress().blocks_failed;
    if (failed == failed_blocks_)
    {
        return;
    }
    failed_blocks_ = failed;
    try
    {
        require_writable_folder(context_.job.output / "segments", "output");
    }
    catch (EnvironmentError const&)
    {
        give_up(std::current_exception());
    }
}

void Coordinator::give_up(std::exception_ptr error)
{
    fatal_ = std::move(error);
    finish(sched::Finish::stopped);
}

void Coordinator::finish(sched::Finish how)
{
    finishing_ = true;
    if (how == sched::Finish::stopped)
    {
        compute_.request_stop();
    }
    dispatcher_.finish(how);
}

void Coordinator::start_task()
{
    if (finishing_)
    {
        return;
    }
    if (auto const chain = ledger_.next_chain())
    {
        start_training(*chain);
        return;
    }
    for (sched::LeasedBlock const& block : ledger_.lease(own_rank, runner_.held(), 1))
    {
        start_block(block);
    }
}

void Coordinator::start_training(sched::ChainIndex chain)
{
    PlannedChain const& planned = context_.plan[chain];
    training_ = chain;
    progress_.chain_started(planned.name());
    compute_.start([this, &planned](std::stop_token const& stop) {
        NodeCores::Loan const loan = context_.cores.borrow_all();
        train::provide_chain(
            *planned.training, [this] { return read_images(context_); }, context_.job.chains,
            context_.device,
            [this](std::int64_t done, std::int64_t steps) { progress_.training_step(done, steps); },
            stop);
    });
}

void Coordinator::start_block(sched::LeasedBlock const& block)
{
    computing_ = block.block;
    compute_.start([this, block](std::stop_token const& stop) { runner_.run(block, stop); });
}

bool Coordinator::take_task_end()
{
    auto const ended = compute_.poll();
    if (!ended)
    {
        return false;
    }
    if (training_)
    {
        chain_ended(*std::exchange(training_, std::nullopt), ended->error);
        return true;
    }
    sched::BlockIndex const block = *std::exchange(computing_, std::nullopt);
    if (!ended->error)
    {
        dispatcher_.take(own_rank, sched::BlockDone{block});
    }
    else if (!is_interruption(ended->error))
    {
        spdlog::error("{}: {}", describe(context_.plan, block), reason_of(ended->error));
        dispatcher_.take(own_rank, sched::BlockFailed{block, reason_of(ended->error)});
    }
    return true;
}

void Coordinator::chain_ended(sched::ChainIndex chain, std::exception_ptr const& error)
{
    progress_.chain_ended();
    std::string const name = context_.plan[chain].name();
    if (!error)
    {
        spdlog::info("chain of {} is published", name);
        ledger_.chain_published(chain);
    }
    else if (is_of_this_chain(error))
    {
        failed_chains_.push_back(fmt::format("training of {}: {}", name, reason_of(error)));
        spdlog::error("{}", failed_chains_.back());
        ledger_.chain_failed(chain);
    }
    else if (!is_interruption(error))
    {
        give_up(error);
    }
}

RunEnd Coordinator::end() const
{
    if (fatal_)
    {
        try
        {
            std::rethrow_exception(fatal_);
        }
        catch (std::exception const& error)
        {
            return {exit_code_of(error), error.what()};
        }
    }
    sched::Progress const progress = ledger_.progress();
    if (!ledger_.finished())
    {
        return {ExitCode::interrupted,
                fmt::format("interrupted with {} of {} blocks stored; the same command resumes",
                            progress.blocks_done, progress.blocks)};
    }
    std::int64_t const missing = progress.blocks_failed + progress.blocks_abandoned;
    if (missing > 0 || !failed_chains_.empty())
    {
        std::string text =
            fmt::format("{} of {} blocks could not be computed", missing, progress.blocks);
        for (std::string const& chain : failed_chains_)
        {
            text += "; " + chain;
        }
        for (sched::BlockIndex const block : ledger_.failed_blocks())
        {
            auto const reason = dispatcher_.reasons().find(block);
            text += fmt::format("; {}: {}", describe(context_.plan, block),
                                reason == dispatcher_.reasons().end() ? "" : reason->second);
        }
        return {ExitCode::blocks_failed, text};
    }
    return {};
}

}  // namespace surf::app
