#include "app/coordinator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/await_file.hpp"
#include "app/packs.hpp"
#include "app/stored.hpp"
#include "app/surfaces.hpp"
#include "base/error.hpp"
#include "base/folder_lock.hpp"
#include "base/log.hpp"
#include "base/pending_file.hpp"
#include "base/stop_signal.hpp"
#include "mpi/backoff.hpp"

namespace surf::app
{
namespace fs = std::filesystem;

namespace
{

constexpr sched::Rank own_rank = 0;

constexpr std::chrono::seconds between_looks{2};

sched::WorkPlan work_of(RunContext const& context)
{
    sched::WorkPlan work = context.plan.work();
    for (std::size_t i = 0; i < work.chains.size(); ++i)
    {
        work.chains[i].stored = fs::exists(context.plan.chains[i].path);
    }
    for (sched::ChainIndex const chain : chains_for_surfaces(context))
    {
        work.chains[static_cast<std::size_t>(chain)].wanted = true;
    }
    work.room = {.places = context.cores.places(),
                 .most = static_cast<int>(context.job.trainers),
                 .first_rank_alone = !context.image_source.serves_all()};
    return work;
}

/// Of a run without blocks, its chains.
std::string stored_text(sched::Progress const& progress)
{
    return progress.blocks == 0
               ? fmt::format("{} of {} chains stored", progress.chains_published, progress.chains)
               : fmt::format("{} of {} blocks stored", progress.blocks_done, progress.blocks);
}

std::string failed_text(sched::Progress const& progress, std::size_t failed_chains)
{
    return progress.blocks == 0
               ? fmt::format("{} of {} chains could not be trained", failed_chains, progress.chains)
               : fmt::format("{} of {} blocks could not be computed",
                             progress.blocks_failed + progress.blocks_abandoned, progress.blocks);
}

}  // namespace

Coordinator::Coordinator(RunContext const& context, mpi::Communicator const& communicator)
    : context_(context),
      stored_(context.job.output),
      ledger_(work_of(context), communicator.size()),
      link_(communicator.duplicate()),
      dispatcher_(ledger_, link_),
      progress_(context, communicator.size()),
      packs_(context.plan),
      tasks_(context)
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
    packs_.begin(cell, budget, stored_);
    for (sched::BlockIndex const block : stored_.of(context_.plan, cell, budget))
    {
        ledger_.block_done(block);
    }
}

std::optional<reduce::CellStatistics> Coordinator::read_statistics(sched::CellIndex cell)
{
    std::vector<reduce::CellStatistics> parts;
    auto const failed = ledger_.failed_blocks();
    std::set<sched::BlockIndex> read(failed.begin(), failed.end());
    read_blocks(context_.plan, cell, budgets_.at(cell), context_.job.output,
                store::OnDamage::set_aside,
                [&](sched::BlockIndex block, store::Segment const& segment) {
                    read.insert(block);
                    parts.emplace_back(segment.outcomes);
                });
    for (sched::BlockIndex const block : context_.plan.blocks_of(cell))
    {
        if (!read.contains(block))
        {
            wait_for_segment(block);
            return std::nullopt;
        }
    }
    missing_since_.reset();
    return reduce::merged(std::move(parts));
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
        give_up({ExitCode::bad_file,
                 fmt::format("{}: its segment was stored but cannot be read (another cell's "
                             "budget depends on it) run the same command again",
                             describe(context_.plan, block))});
    }
}

Grants const* Coordinator::grants_by(sched::CellIndex cell)
{
    auto found = grants_.find(cell);
    if (found == grants_.end())
    {
        auto grants = find_grants(context_.job.output, context_.plan, cell, budgets_.at(cell));
        if (!grants)
        {
            auto const statistics = read_statistics(cell);
            if (!statistics)
            {
                return nullptr;
            }
            grants = grants_of(*statistics);
            if (std::ranges::none_of(ledger_.failed_blocks(), [&](sched::BlockIndex block) {
                    return context_.plan[block].cell == cell;
                }))
            {
                check_output([&] {
                    publish_grants(context_.job.output, context_.plan, cell, budgets_.at(cell),
                                   *grants);
                });
            }
        }
        found = grants_.emplace(cell, *grants).first;
    }
    return &found->second;
}

void Coordinator::note_packs()
{
    for (sched::BlockIndex const block : ledger_.take_stored())
    {
        packs_.block_stored(block);
    }
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
    start_task();  // before any other rank: where one training is enough, it is rank 0's
    while (true)
    {
        if (stop_signal() != nullptr && !finishing_)
        {
            spdlog::warn("{} received: stopping; the same command resumes", stop_signal());
            finish(sched::Finish::stopped);
        }
        bool active = dispatcher_.serve();
        if (auto const report = tasks_.poll())
        {
            dispatcher_.take(own_rank, *report);
            active = true;
        }
        look_around();
        check_failures();
        grant_budgets();
        note_packs();
        if (ledger_.finished())
        {
            finish(sched::Finish::all_done);
        }
        if (tasks_.idle())
        {
            if (finishing_ && link_.workers() == 0)
            {
                end_stop_patience();
                RunEnd ended = end();
                ended.busy = tasks_.busy_time();
                return ended;
            }
            start_task();
        }
        progress_.report(ledger_.progress(), dispatcher_.trainings(), ledger_.chains_left());
        active ? backoff.reset() : backoff.pause();
    }
}

void Coordinator::look_around()
{
    auto const now = std::chrono::steady_clock::now();
    if (now >= next_look_)
    {
        next_look_ = now + between_looks;
        ledger_.retry_chains();
        check_output([this] { require_still_locked(context_.job.output, "output"); });
    }
}

void Coordinator::check_output(std::function<void()> const& check)
{
    if (fatal_)
    {
        return;
    }
    try
    {
        check();
    }
    catch (EnvironmentError const& error)
    {
        give_up({error.code(), error.what()});
    }
}

void Coordinator::check_failures()
{
    if (auto const& failed = dispatcher_.fatal(); failed && !fatal_)
    {
        give_up({*failed->ends_run, failed->reason});
    }
    std::int64_t const failed = ledger_.progress().blocks_failed;
    if (failed == failed_blocks_)
    {
        return;
    }
    failed_blocks_ = failed;
    check_output([this] { require_room_for_segments(context_.job.output); });
}

void Coordinator::give_up(RunEnd why)
{
    fatal_ = std::move(why);
    finish(sched::Finish::stopped);
}

void Coordinator::finish(sched::Finish how)
{
    finishing_ = true;
    packs_.clear();
    if (how == sched::Finish::stopped)
    {
        tasks_.request_stop();
    }
    dispatcher_.finish(how);
}

void Coordinator::start_task()
{
    if (finishing_)
    {
        return;
    }
    if (auto const chain = dispatcher_.lease_training(own_rank))
    {
        tasks_.start(*chain);
        return;
    }
    if (auto pack = packs_.next())
    {
        tasks_.start(std::move(*pack));
        return;
    }
    for (sched::LeasedBlock const& block : ledger_.lease(own_rank, tasks_.held(), 1))
    {
        tasks_.start(block);
    }
}

RunEnd Coordinator::end() const
{
    if (fatal_)
    {
        return *fatal_;
    }
    sched::Progress const progress = ledger_.progress();
    if (!ledger_.finished())
    {
        return {ExitCode::interrupted, fmt::format("interrupted with {}; the same command resumes",
                                                   stored_text(progress))};
    }
    std::int64_t const missing = progress.blocks_failed + progress.blocks_abandoned;
    if (missing == 0 && dispatcher_.failed_chains().empty())
    {
        return {.text = "", .finished = true};
    }
    return {failed_for_want() ? ExitCode::environment : ExitCode::blocks_failed,
            fmt::format("{}{}", failed_text(progress, dispatcher_.failed_chains().size()),
                        reasons_of_failures()),
            true};
}

bool Coordinator::failed_for_want() const
{
    auto const failed = ledger_.failed_blocks();
    return dispatcher_.failed_chains().empty() &&
           std::ranges::all_of(failed, [&](sched::BlockIndex block) {
               return dispatcher_.failures().at(block).code == ExitCode::environment;
           });
}

std::string Coordinator::reasons_of_failures() const
{
    std::string text;
    for (sched::ChainFailed const& failed : dispatcher_.failed_chains())
    {
        text +=
            fmt::format("; training of {}: {}", context_.plan[failed.chain].name(), failed.reason);
    }
    std::map<std::string, std::vector<sched::BlockIndex>> blocks_by_reason;
    for (sched::BlockIndex const block : ledger_.failed_blocks())
    {
        blocks_by_reason[dispatcher_.failures().at(block).reason].push_back(block);
    }
    for (auto const& [reason, blocks] : blocks_by_reason)
    {
        std::string const others =
            blocks.size() > 1 ? fmt::format(" and {} others", blocks.size() - 1) : "";
        text += fmt::format("; {}{}: {}", describe(context_.plan, blocks.front()), others, reason);
    }
    return text;
}

}  // namespace surf::app
