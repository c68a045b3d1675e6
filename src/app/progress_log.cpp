#include "app/progress_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <vector>

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

ProgressLog::ProgressLog(Plan const& plan)
    : plan_(plan), next_report_(Clock::now() + first_interval)
{}

double ProgressLog::Training::a_step() const
{
    return done == first ? 0
                         : std::chrono::duration<double>(seen - start).count() /
                               static_cast<double>(done - first);
}

void ProgressLog::note(std::map<sched::Rank, sched::TrainingStep> const& trainings)
{
    auto const now = Clock::now();
    for (auto const& [rank, step] : trainings)
    {
        if (step.done == 0)
        {
            continue;
        }
        auto const [found, is_new] =
            trainings_.try_emplace(step.chain, Training{step.done, now, step.done, now});
        if (!is_new && step.done > found->second.done)
        {
            found->second.done = step.done;
            found->second.seen = now;
        }
    }
}

std::string ProgressLog::training_line(
    std::map<sched::Rank, sched::TrainingStep> const& trainings) const
{
    std::vector<std::string> running;
    double steps_a_second = 0;
    double left = 0;  // steps of all chains that are not made
    for (std::size_t i = 0; i < plan_.chains.size(); ++i)
    {
        auto const& planned = plan_.chains[i];
        if (planned.training && !std::filesystem::exists(planned.path))
        {
            auto const training = trainings_.find(static_cast<sched::ChainIndex>(i));
            left += static_cast<double>(planned.training->steps() -
                                        (training == trainings_.end() ? 0 : training->second.done));
        }
    }
    for (auto const& [rank, step] : trainings)
    {
        std::string const name = plan_[step.chain].name();
        auto const training = trainings_.find(step.chain);
        double const a_step = training == trainings_.end() ? 0 : training->second.a_step();
        if (a_step == 0)
        {
            running.push_back(fmt::format("providing {}", name));
            continue;
        }
        steps_a_second += 1 / a_step;
        running.push_back(fmt::format("training {}: step {} of {}, {:.3f} s a step", name,
                                      step.done, step.steps, a_step));
    }
    if (steps_a_second > 0)
    {
        running.push_back(
            fmt::format("all training done in {}",
                        readable_duration(std::chrono::duration<double>(left / steps_a_second))));
    }
    return fmt::format("{}", fmt::join(running, running.size() > 2 ? "; " : ", "));
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

void ProgressLog::report(sched::Progress const& progress,
                         std::map<sched::Rank, sched::TrainingStep> const& trainings)
{
    note(trainings);
    if (Clock::now() < next_report_)
    {
        return;
    }
    next_report_ = Clock::now() + interval;
    for (std::string const& line : {training_line(trainings), trials_line(progress)})
    {
        if (!line.empty())
        {
            spdlog::info("{}", line);
        }
    }
}

}  // namespace surf::app
