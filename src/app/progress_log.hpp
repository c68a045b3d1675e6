#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "sched/ledger.hpp"

namespace surf::app
{

/// "3 min 20 s".
std::string readable_duration(std::chrono::duration<double> duration);

/// Says now and then how far a run is and how long it will take.
class ProgressLog
{
  public:
    /// `training_steps`: of all chains that are still to be trained.
    explicit ProgressLog(std::int64_t training_steps);

    /// A chain is being provided from now on.
    void chain_started(std::string name);
    /// From the compute thread: steps done of the current chain.
    void training_step(std::int64_t done, std::int64_t steps);
    void chain_ended();

    /// Logs if enough time has passed since the last line.
    void report(sched::Progress const& progress);

  private:
    using Clock = std::chrono::steady_clock;

    std::string training_line();
    std::string trials_line(sched::Progress const& progress);

    std::int64_t training_steps_;
    Clock::time_point next_report_;

    std::mutex mutex_;  ///< for what the compute thread reports
    std::string chain_;
    std::int64_t done_ = 0;
    std::int64_t steps_ = 0;
    std::int64_t steps_of_ended_chains_ = 0;
    std::int64_t first_done_ = 0;  ///< where a resumed training began
    Clock::time_point first_time_;

    double first_cost_ = -1;  ///< done when the first block was under way
    Clock::time_point first_block_time_;
    double last_cost_ = 0;  ///< done when the last block ended
    Clock::time_point last_gain_time_;
};

}  // namespace surf::app
