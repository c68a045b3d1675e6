#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/job/plan.hpp"
#include "app/run_context.hpp"
#include "app/run_note.hpp"
#include "sched/message.hpp"

namespace surf::app
{

/// "3 min 20 s".
std::string readable_duration(std::chrono::duration<double> duration);

/// Says now and then how far a run is and how long it will take: on a terminal in one line that
/// changes, elsewhere in a line of the log for each percent or five minutes, and in
/// OUTPUT/run.json.
class ProgressLog
{
  public:
    ProgressLog(RunContext const& context, int ranks);
    ~ProgressLog();
    ProgressLog(ProgressLog const&) = delete;
    ProgressLog& operator=(ProgressLog const&) = delete;

    /// Says it if enough time has passed since the last time. `trainings`: by rank; `left`: the
    /// chains that are still to be made, with those.
    void report(sched::Progress const& progress,
                std::map<sched::Rank, sched::TrainingStep> const& trainings,
                std::vector<sched::ChainIndex> const& left);

  private:
    using Clock = std::chrono::steady_clock;

    /// Where this run took up a training, and where it was last seen.
    struct Training
    {
        std::int64_t first = 0;
        Clock::time_point start;
        std::int64_t done = 0;
        Clock::time_point seen;

        /// Seconds; 0 as long as none has been seen.
        double a_step() const;
    };

    void note(std::map<sched::Rank, sched::TrainingStep> const& trainings);
    std::string training_line(std::map<sched::Rank, sched::TrainingStep> const& trainings,
                              std::vector<sched::ChainIndex> const& left) const;
    double a_step(sched::ChainIndex chain) const;
    double seconds_left(std::map<sched::Rank, sched::TrainingStep> const& trainings,
                        std::vector<sched::ChainIndex> const& left) const;
    /// Seconds until the last block; empty until one has ended.
    std::optional<double> trials_left(sched::Progress const& progress);
    std::string trials_line(sched::Progress const& progress, std::optional<double> left) const;
    /// Of the blocks, and of the trainings.
    int percent(sched::Progress const& progress) const;
    void show(std::vector<std::string> const& lines);
    void log(std::vector<std::string> const& lines, int percent);
    void publish();

    RunContext const& context_;
    Plan const& plan_;
    RunNote note_;
    bool on_terminal_;
    Clock::time_point next_report_;
    Clock::time_point next_publication_;
    Clock::time_point next_line_;  ///< of the log, whatever has happened
    int logged_percent_ = -1;
    std::map<sched::ChainIndex, Training> trainings_;  ///< those that have made a step in this run

    double first_cost_ = -1;  ///< done when the first block was under way
    Clock::time_point first_block_time_;
    double last_cost_ = 0;  ///< done when the last block ended
    Clock::time_point last_gain_time_;
};

}  // namespace surf::app
