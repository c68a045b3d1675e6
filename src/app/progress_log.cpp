#include "app/progress_log.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "app/terminal.hpp"
#include "base/error.hpp"
#include "base/folder_lock.hpp"
#include "base/log.hpp"

namespace surf::app
{
namespace
{

constexpr std::chrono::seconds first_interval{5};
constexpr std::chrono::seconds interval{15};
constexpr std::chrono::seconds terminal_interval{1};
constexpr std::chrono::minutes longest_silence{5};

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

ProgressLog::ProgressLog(RunContext const& context, int ranks)
    : context_(context),
      plan_(context.plan),
      note_{.job = plan_.job.hex(),
            .started = seconds_since_1970(),
            .updated = 0,
            .ranks = ranks,
            .training = "",
            .seconds_left = {}},
      on_terminal_(is_terminal(STDERR_FILENO) && spdlog::should_log(spdlog::level::info)),
      next_report_(Clock::now() + (on_terminal_ ? terminal_interval : first_interval))
{
    publish();
}

ProgressLog::~ProgressLog()
{
    if (on_terminal_)
    {
        std::fputs(clear_line, stderr);
    }
}

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

std::optional<double> ProgressLog::trials_left(sched::Progress const& progress)
{
    if (progress.blocks_leased == 0)
    {
        return std::nullopt;
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
    double const gained = last_cost_ - first_cost_;
    if (gained <= 0)
    {
        return std::nullopt;
    }
    // Blocks end in bursts: what was expected at the last one, less the time since.
    std::chrono::duration<double> const expected =
        (last_gain_time_ - first_block_time_) * ((progress.cost - last_cost_) / gained);
    std::chrono::duration<double> const left = expected - (now - last_gain_time_);
    return std::max(left.count(), 0.);
}

std::string ProgressLog::trials_line(sched::Progress const& progress,
                                     std::optional<double> left) const
{
    if (progress.blocks_leased == 0)
    {
        return "";
    }
    std::string line = fmt::format("trials: {} of {} blocks done, {} running", progress.blocks_done,
                                   progress.blocks, progress.blocks_leased);
    if (left)
    {
        line +=
            fmt::format(", about {} left", readable_duration(std::chrono::duration<double>(*left)));
    }
    return line;
}

int ProgressLog::percent(sched::Progress const& progress) const
{
    double trained = 0;
    for (auto const& [chain, training] : trainings_)
    {
        trained += static_cast<double>(training.done) /
                   static_cast<double>(plan_[chain].training->steps());
    }
    auto const part = [](double done, double all) { return all > 0 ? 100 * done / all : 0; };
    return static_cast<int>(part(trained, static_cast<double>(plan_.chains.size()))) +
           static_cast<int>(part(static_cast<double>(progress.blocks_done),
                                 static_cast<double>(progress.blocks)));
}

void ProgressLog::show(std::vector<std::string> const& lines)
{
    std::string const line = fmt::format("{}", fmt::join(lines, "; "));
    std::fputs((clear_line + line.substr(0, terminal_width(STDERR_FILENO) - 1)).c_str(), stderr);
}

void ProgressLog::log(std::vector<std::string> const& lines, int percent)
{
    auto const now = Clock::now();
    if (lines.empty() || (percent == logged_percent_ && now < next_line_))
    {
        return;
    }
    logged_percent_ = percent;
    next_line_ = now + longest_silence;
    for (std::string const& line : lines)
    {
        spdlog::info("{}", line);
    }
}

void ProgressLog::publish()
{
    try
    {
        // Writing would make a folder again that was taken away.
        require_still_locked(context_.job.output, "output");
        note_.updated = seconds_since_1970();
        publish_run_note(context_.job.output, note_);
    }
    catch (EnvironmentError const& error)
    {
        spdlog::debug("how far the run is cannot be noted: {}", error.what());
    }
}

void ProgressLog::report(sched::Progress const& progress,
                         std::map<sched::Rank, sched::TrainingStep> const& trainings,
                         std::vector<sched::ChainIndex> const& left)
{
    note(trainings);
    auto const now = Clock::now();
    if (now < next_report_)
    {
        return;
    }
    next_report_ = now + (on_terminal_ ? terminal_interval : interval);
    note_.training = training_line(trainings, left);
    note_.seconds_left = trials_left(progress);
    std::vector<std::string> lines{note_.training, trials_line(progress, note_.seconds_left)};
    std::erase(lines, "");
    on_terminal_ ? show(lines) : log(lines, percent(progress));
    if (now >= next_publication_)
    {
        next_publication_ = now + interval;
        publish();
    }
}

}  // namespace surf::app
