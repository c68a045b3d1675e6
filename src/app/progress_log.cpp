#include "app/progress_log.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"

namespace surf::app
{
namespace
{

constexpr std::chrono::seconds first_interval{5};
constexpr std::chrono::seconds interval{15};

}  // namespace

std::string readable_duration(std::chrono::duration<double> duration)
{
    auto const seconds = static_cast<std::int64_t>(duration.count() + 0.5);
    if (seconds < 60)
    {
        return fmt::format("{} s", seconds);
    }
    if (seconds < 3600)
    {
        return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    }
    return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

ProgressLog::ProgressLog(std::int64_t training_steps)
    : training_steps_(training_steps), next_report_(Clock::now() + first_interval)
{}

void ProgressLog::chain_started(std::string name)
{
    std::lock_guard const lock(mutex_);
    chain_ = std::move(name);
    done_ = steps_ = first_done_ = 0;
}

void ProgressLog::training_step(std::int64_t done, std::int64_t steps)
{
    std::lock_guard const lock(mutex_);
    if (steps_ == 0)
    {
        first_done_ = done;
        first_time_ = Clock::now();
    }
    done_ = done;
    steps_ = steps;
}

void ProgressLog::chain_ended()
{
    std::lock_guard const lock(mutex_);
    chain_.clear();
    steps_of_ended_chains_ += steps_;
}

std::string ProgressLog::training_line()
{
    std::lock_guard const lock(mutex_);
    if (chain_.empty())
    {
        return "";
    }
    if (done_ == first_done_)
    {
        return fmt::format("providing {}", chain_);
    }
    auto const step = std::chrono::duration<double>(Clock::now() - first_time_) /
                      static_cast<double>(done_ - first_done_);
    std::int64_t const left = training_steps_ - steps_of_ended_chains_ - done_;
    return fmt::format(
        "training {}: step {} of {}, {:.3f} s a step, all training done in {}", chain_, done_,
        steps_, step.count(),
        readable_duration(step * static_cast<double>(std::max<std::int64_t>(left, 0))));
}

std::string ProgressLog::trials_line(sched::Progress const& progress)
{
    if (progress.blocks_leased == 0)
    {
        return "";
    }
    auto const now = Clock::now();
    if (first_cost_ < 0)
    {
        first_cost_ = last_cost_ = progress.cost_done;
        first_block_time_ = last_gain_time_ = now;
    }
    if (progress.cost_done > last_cost_)
    {
        last_cost_ = progress.cost_done;
        last_gain_time_ = now;
    }
    std::string line = fmt::format("trials: {} of {} blocks done, {} running", progress.blocks_done,
                                   progress.blocks, progress.blocks_leased);
    if (double const gained = last_cost_ - first_cost_; gained > 0)
    {
        // Blocks end in bursts: what was expected at the last one, less the time since.
        std::chrono::duration<double> const expected =
            (last_gain_time_ - first_block_time_) * ((progress.cost - last_cost_) / gained);
        std::chrono::duration<double> const left = expected - (now - last_gain_time_);
        line += ", about " + readable_duration(std::max(left, left.zero())) + " left";
    }
    return line;
}

void ProgressLog::report(sched::Progress const& progress)
{
    if (Clock::now() < next_report_)
    {
        return;
    }
    next_report_ = Clock::now() + interval;
    std::string const training = training_line();
    std::string const trials = trials_line(progress);
    if (!training.empty())
    {
        spdlog::info("{}", training);
    }
    if (!trials.empty())
    {
        spdlog::info("{}", trials);
    }
}

}  // namespace surf::app
