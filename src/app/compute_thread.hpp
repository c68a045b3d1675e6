#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace surf::app
{

/// The thread in which a rank computes, one task at a time, while its main thread talks MPI.
class ComputeThread
{
  public:
    using Task = std::function<void(std::stop_token const&)>;

    /// How a task ended: without an error, or with this one.
    struct Ended
    {
        std::exception_ptr error;
    };

    ComputeThread();
    /// Asks the task to stop and waits for it.
    ~ComputeThread();
    ComputeThread(ComputeThread const&) = delete;
    ComputeThread& operator=(ComputeThread const&) = delete;

    /// Neither running a task nor holding one's end that poll() has not handed out.
    bool idle() const { return idle_; }
    /// Starts a task; the thread must be idle.
    void start(Task task);
    /// How the task ended, once. Never waits.
    std::optional<Ended> poll();
    /// Asks this and every later task to stop.
    void request_stop() { stop_.request_stop(); }

  private:
    void work();

    std::stop_source stop_;
    bool idle_ = true;  ///< the main thread's view
    std::mutex mutex_;
    std::condition_variable wake_;
    Task task_;
    std::optional<Ended> ended_;
    bool closing_ = false;
    std::thread thread_;
};

}  // namespace surf::app
