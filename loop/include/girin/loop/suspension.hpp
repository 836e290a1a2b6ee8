#pragma once

// Suspension: a task that stands at a `co_await` which really waits. Every leaf awaiter of loop/ is one; cancelling
// a task reaches the suspension on which it stands.

#include <coroutine>

#include "girin/loop/runnable.hpp"

namespace girin {

class TaskBase;

/// Lives in the awaiting coroutine's frame. Scheduling it resumes the coroutine as its task.
class Suspension : public Runnable {
  public:
    void run() final;

  protected:
    Suspension() = default;
    /// Until it is awaited an awaiter may be moved, so that it can be handed on: gather(sleep_for(1s), …).
    Suspension(Suspension&& unawaited) noexcept;
    ~Suspension();

    /// Notes who waits. To be called first in await_suspend.
    ///
    /// True: go on and wait. False: the task was cancelled before; don't start, return false from await_suspend, and
    /// call check_cancelled() in await_resume.
    bool attach(std::coroutine_handle<> awaiting);

    /// As attach(), for what has to be told of a request that came before: the request stays with the task.
    void attach_uncancelled(std::coroutine_handle<> awaiting);

    /// The task is to be cancelled while it stands here. True: taken on; the suspension is or will be scheduled, and
    /// its await_resume throws Cancelled. False: too late, or impossible; the task keeps the request for its next
    /// await.
    virtual bool request_cancel() = 0;

    /// For await_resume: request_cancel() had taken a request on, but what is awaited ended well all the same. Its
    /// result is delivered, and the request waits for the task's next await.
    void keep_cancel_request();
    /// For await_resume: throws Cancelled if attach() returned false.
    void check_cancelled();
    /// For await_resume where asyncio's rule holds that a late cancel wins over the result: throws also for a
    /// request that came after the wake-up.
    void check_cancelled_late();
    /// The same as an answer.
    bool cancelled_late();

    TaskBase* task() const { return task_; }

  private:
    friend class TaskBase;

    TaskBase* task_ = nullptr;
    std::coroutine_handle<> awaiting_;
    bool cancelled_before_ = false;
};

}  // namespace girin
