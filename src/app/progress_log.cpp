#include "app/progress_log.hpp"

#include <fmt/format.h>

#include <algorithm>
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

/// Seconds; 0 if none has been seen in this run.
double ProgressLog::a_step(sched::ChainIndex chain) const
{
    auto const found = trainings_.find(chain);
    return found == trainings_.end() ? 0 : found->second.a_step();
}

/// As many chains are trained at a time as now. A chain that has not begun is taken to need as long
/// for a step as those under way. 0 if nothing is known of any.
double ProgressLog::seconds_left(std::map<sched::Rank, sched::TrainingStep> const& trainings,
                                 std::vector<sched::ChainIndex> const& left) const
{
    double pace = 0;
    int trainers = 0;
    for (auto const& [rank, step] : trainings)
    {
        double const one = a_step(step.chain);
        pace += one;
        trainers += one > 0 ? 1 : 0;
    }
    if (trainers == 0)
    {
        return 0;
    }
    pace /= trainers;
    double all = 0;
    double longest = 0;
    for (sched::ChainIndex const chain : left)
    {
        auto const training = trainings_.find(chain);
        std::int64_t const done = training == trainings_.end() ? 0 : training->second.done;
        double const own = a_step(chain);
        double const seconds =
            (own > 0 ? own : pace) * static_cast<double>(plan_[chain].training->steps() - done);
        all += seconds;
        longest = std::max(longest, seconds);
    }
    return std::max(longest, all / trainers);
}

std::string ProgressLog::training_line(std::map<sched::Rank, sched::TrainingStep> const& trainings,
                                       std::vector<sched::ChainIndex> const& left) const
{
    std::vector<std::string> parts;
    for (auto const& [rank, step] : trainings)
    {
        std::string const name = plan_[step.chain].name();
        double const seconds = a_step(step.chain);
        parts.push_back(seconds == 0 ? fmt::format("providing {}", name)
                                     : fmt::format("training {}: step {} of {}, {:.3f} s a step",
                                                   name, step.done, step.steps, seconds));
    }
    if (double const seconds = seconds_left(trainings, left); seconds > 0)
    {
        parts.push_back(fmt::format("all training done in {}",
                                    readable_duration(std::chrono::duration<double>(seconds))));
    }
    return fmt::format("{}", fmt::join(parts, parts.size() > 2 ? "; " : ", "));
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
                         std::map<sched::Rank, sched::TrainingStep> const& trainings,
                         std::vector<sched::ChainIndex> const& left)
{
    note(trainings);
    if (Clock::now() < next_report_)
    {
        return;
    }
    next_report_ = Clock::now() + interval;
    for (std::string const& line : {training_line(trainings, left), trials_line(progress)})
    {
        if (!line.empty())
        {
            spdlog::info("{}", line);
        }
    }
}

}  // namespace surf::app
