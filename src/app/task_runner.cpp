#include "app/task_runner.hpp"

#include <fmt/format.h>

#include <utility>

#include "app/task_failure.hpp"
#include "base/log.hpp"

namespace surf::app
{
namespace
{

constexpr std::chrono::seconds between_step_reports{2};

}  // namespace

TaskRunner::TaskRunner(RunContext const& context) : context_(context), blocks_(context) {}

void TaskRunner::start(sched::LeasedBlock const& block)
{
    computing_ = block.block;
    task_begin_ = Clock::now();
    compute_.start([this, block](std::stop_token const& stop) { blocks_.run(block, stop); });
}

void TaskRunner::start(sched::ChainIndex chain)
{
    training_ = chain;
    task_begin_ = Clock::now();
    done_ = steps_ = 0;
    compute_.start([this, chain](std::stop_token const& stop) {
        NodeCores::Loan const loan = context_.cores.borrow_all();
        provision_ = train::provide_chain(
            *context_.plan[chain].training, [this] { return context_.image_source.load(); },
            context_.job.chains, context_.device,
            [this](std::int64_t done, std::int64_t steps) {
                done_ = done;
                steps_ = steps;
            },
            stop);
    });
}

void TaskRunner::start(store::PackSpec const& pack)
{
    compute_.start([this, pack](std::stop_token const& stop) {
        if (!stop.stop_requested())
        {
            store::pack_blocks(context_.job.output, pack);
        }
    });
}

std::optional<sched::Report> TaskRunner::poll()
{
    if (auto const ended = compute_.poll())
    {
        if (!training_ && !computing_)
        {
            end_of_packing(ended->error);
            return std::nullopt;
        }
        (training_ ? training_time_ : trials_time_) += Clock::now() - task_begin_;
        return training_ ? end_of_training(ended->error) : end_of_block(ended->error);
    }
    return training_ ? training_step() : std::nullopt;
}

std::optional<sched::Report> TaskRunner::end_of_training(std::exception_ptr const& error)
{
    sched::ChainIndex const chain = *std::exchange(training_, std::nullopt);
    std::string const name = context_.plan[chain].name();
    if (!error)
    {
        if (provision_ == train::Provision::busy)
        {
            if (found_busy_.insert(chain).second)
            {
                spdlog::info("{}: another job trains this chain; it will be looked for again",
                             name);
            }
            return sched::ChainBusy{chain};
        }
        spdlog::info("chain of {} is published", name);
        return sched::ChainPublished{chain};
    }
    if (is_interruption(error))
    {
        return std::nullopt;
    }
    std::string const reason = reason_of(error);
    if (is_of_this_chain(error))
    {
        spdlog::error("training of {}: {}", name, reason);
        return sched::ChainFailed{chain, std::nullopt, reason};
    }
    return sched::ChainFailed{chain, code_of(error), reason};
}

std::optional<sched::Report> TaskRunner::end_of_block(std::exception_ptr const& error)
{
    sched::BlockIndex const block = *std::exchange(computing_, std::nullopt);
    if (!error)
    {
        return sched::BlockDone{block};
    }
    if (is_interruption(error))
    {
        return std::nullopt;
    }
    std::string const reason = reason_of(error);
    Plan const& plan = context_.plan;
    bool const can_be_made = plan[plan[plan[block].cell].chain].training.has_value();
    bool const waits_for_chain = can_be_made && is_of_damaged_chain(error);
    if (told_.insert(reason).second)
    {
        spdlog::log(waits_for_chain ? spdlog::level::warn : spdlog::level::err, "{}: {}",
                    describe(plan, block), reason);
    }
    return sched::BlockFailed{
        .block = block, .code = code_of(error), .chain_damaged = waits_for_chain, .reason = reason};
}

void TaskRunner::end_of_packing(std::exception_ptr const& error)
{
    if (error && told_.insert(reason_of(error)).second)
    {
        spdlog::warn("blocks cannot be packed, their files stay: {}", reason_of(error));
    }
}

BusyTime TaskRunner::busy_time() const
{
    using Seconds = std::chrono::duration<double>;
    return {.training = Seconds(training_time_).count(),
            .trials = Seconds(trials_time_).count(),
            .present = Seconds(Clock::now() - begin_).count()};
}

std::optional<sched::Report> TaskRunner::training_step()
{
    auto const now = Clock::now();
    if (steps_ == 0 || now < next_step_report_)
    {
        return std::nullopt;
    }
    next_step_report_ = now + between_step_reports;
    return sched::TrainingStep{*training_, done_, steps_};
}

}  // namespace surf::app
