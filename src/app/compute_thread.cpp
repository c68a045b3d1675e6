#include "app/compute_thread.hpp"

#include <utility>

#include "app/out_of_memory.hpp"
#include "base/contract.hpp"
#include "model/heap.hpp"

namespace surf::app
{

ComputeThread::ComputeThread() : thread_([this] { work(); }) {}

ComputeThread::~ComputeThread()
{
    stop_.request_stop();
    {
        std::lock_guard const lock(mutex_);
        closing_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void ComputeThread::start(Task task)
{
    EXPECT(idle_);
    idle_ = false;
    {
        std::lock_guard const lock(mutex_);
        task_ = std::move(task);
    }
    wake_.notify_one();
}

std::optional<ComputeThread::Ended> ComputeThread::poll()
{
    std::lock_guard const lock(mutex_);
    if (ended_)
    {
        idle_ = true;
    }
    return std::exchange(ended_, std::nullopt);
}

void ComputeThread::work()
{
    std::unique_lock lock(mutex_);
    while (true)
    {
        wake_.wait(lock, [this] { return task_ != nullptr || closing_; });
        if (closing_)
        {
            return;
        }
        Task const task = std::exchange(task_, nullptr);
        lock.unlock();
        Ended ended;
        try
        {
            naming_memory([&] { task(stop_.get_token()); });
        }
        catch (...)
        {
            ended.error = std::current_exception();
        }
        model::release_unused_memory();  // the next task may be long in coming, or quite another
        lock.lock();
        ended_ = ended;
    }
}

}  // namespace surf::app
