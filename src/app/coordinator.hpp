#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "app/pack_queue.hpp"
#include "app/progress_log.hpp"
#include "app/rank_report.hpp"
#include "app/run_context.hpp"
#include "app/stored.hpp"
#include "app/task_runner.hpp"
#include "reduce/statistics.hpp"
#include "sched/dispatcher.hpp"
#include "sched/ledger.hpp"
#include "sched/transport.hpp"

namespace surf::app
{

/// How the work of a run ended.
struct RunEnd
{
    ExitCode code = ExitCode::success;
    std::string text;       ///< what to tell the user; empty on success
    bool finished = false;  ///< nothing is left to do, whatever failed
    bool again = false;     ///< but for blocks that turned out to be damaged
    BusyTime busy = {};     ///< of this rank
};

/// Rank 0: trains chains, puts stored blocks into packs and computes blocks in its compute thread,
/// as the workers do but for the packs, and in the main thread answers the workers, reduces cells
/// to the budgets of others, logs progress and heeds signals.
class Coordinator
{
  public:
    Coordinator(RunContext const& context, mpi::Communicator const& communicator);

    /// Until nothing is left to do, a signal stops the run, or an error that ends it.
    RunEnd run();

  private:
    void start_task();
    /// Now and then: chains that another job trains, and whether the output folder is still there.
    void look_around();
    /// When a block has failed for good: if its output folder cannot be written to, no other block
    /// will do better, and the run ends.
    /// The same if a training failed for a reason that would stop every other.
    void check_failures();
    /// Ends the run if the check throws EnvironmentError.
    void check_output(std::function<void()> const& check);
    /// Ends the run with this error: going on makes no sense.
    void give_up(RunEnd why);
    /// Notes the packs of which all blocks are stored now.
    void note_packs();
    /// Gives the cells that wait for a budget alone theirs.
    void grant_budgets();
    /// What a cell grants others that is done; null as long as one of its segments cannot be found.
    Grants const* grants_by(sched::CellIndex cell);
    std::optional<reduce::CellStatistics> read_statistics(sched::CellIndex cell);
    void wait_for_segment(sched::BlockIndex block);
    /// Blocks of a cell that an earlier run stored, by the names of files.
    void find_stored_blocks(sched::CellIndex cell, Budget const& budget);
    /// No new work; workers end theirs or drop it.
    void finish(sched::Finish how);
    RunEnd end() const;
    /// Whether all failures are of what the machine lacks (memory, space), so that the same command
    /// can do better elsewhere.
    bool failed_for_want() const;
    /// Chains and blocks that failed, those of one reason together.
    std::string reasons_of_failures() const;

    RunContext const& context_;
    StoredBlocks stored_;  ///< when the run began
    sched::Ledger ledger_;
    sched::CoordinatorLink link_;
    sched::Dispatcher dispatcher_;
    ProgressLog progress_;
    std::int64_t failed_blocks_ = 0;              ///< that check_failures() has seen
    std::map<sched::CellIndex, Budget> budgets_;  ///< of the cells that have begun
    std::map<sched::CellIndex, Grants> grants_;   ///< of cells that others' budgets come from
    PackQueue packs_;
    bool finishing_ = false;
    std::optional<std::chrono::steady_clock::time_point> missing_since_;
    std::chrono::steady_clock::time_point next_look_;
    std::optional<RunEnd> fatal_;  ///< what give_up() was told
    TaskRunner tasks_;
};

}  // namespace surf::app
