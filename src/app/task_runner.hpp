#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <set>
#include <string>

#include "app/block_runner.hpp"
#include "app/compute_thread.hpp"
#include "app/rank_report.hpp"
#include "app/run_context.hpp"
#include "sched/message.hpp"
#include "store/pack.hpp"
#include "train/train_chain.hpp"

namespace surf::app
{

/// What a rank computes, one task at a time, while its main thread talks MPI: it tells of the tasks
/// what rank 0's ledger wants to hear.
class TaskRunner
{
  public:
    explicit TaskRunner(RunContext const& context);

    /// Neither computing nor holding a report of a task that has ended.
    bool idle() const { return compute_.idle(); }
    /// Each may be called when idle.
    void start(sched::LeasedBlock const& block);
    void start(sched::ChainIndex chain);
    /// Puts stored blocks into a pack; there is nothing to report of it.
    void start(store::PackSpec const& pack);

    /// What there is to report now. A task that was asked to stop ends without a report: whoever
    /// stops it gives back what the rank held. Never waits.
    std::optional<sched::Report> poll();

    /// Asks this and every later task to stop.
    void request_stop() { compute_.request_stop(); }
    /// The chain that is open for blocks; to be asked when idle.
    std::optional<sched::ChainIndex> held() const { return blocks_.held(); }
    /// From the construction to now.
    BusyTime busy_time() const;

  private:
    using Clock = std::chrono::steady_clock;

    std::optional<sched::Report> end_of_training(std::exception_ptr const& error);
    std::optional<sched::Report> end_of_block(std::exception_ptr const& error);
    void end_of_packing(std::exception_ptr const& error);
    std::optional<sched::Report> training_step();

    RunContext const& context_;
    BlockRunner blocks_;
    std::optional<sched::ChainIndex> training_;  ///< what the compute thread does, if anything
    std::optional<sched::BlockIndex> computing_;
    Clock::time_point const begin_ = Clock::now();
    Clock::time_point task_begin_;
    Clock::duration training_time_{};  ///< of trainings that have ended
    Clock::duration trials_time_{};    ///< of blocks
    Clock::time_point next_step_report_;
    std::set<sched::ChainIndex> found_busy_;  ///< another job trains or trained them
    std::set<std::string> told_;              ///< why blocks failed, each reason once

    // Written by the compute thread.
    std::atomic<std::int64_t> done_ = 0;
    std::atomic<std::int64_t> steps_ = 0;
    train::Provision provision_{};  ///< to be read when the training has ended

    ComputeThread compute_;  ///< last, so that its task ends before what it uses does
};

}  // namespace surf::app
