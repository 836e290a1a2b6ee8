#pragma once

// Executor: a pool of threads for work that blocks, so that the loop never does. Made after the fork, at first use.
// Whoever has to see that its threads are well watches it (ExecutorObserver); not here: who does (worker/serving/pool_watch.hpp).

#include <atomic>
#include <memory>
#include <optional>
#include <tuple>

#include "girin/base/clock.hpp"
#include "girin/loop/context.hpp"
#include "girin/loop/cancel.hpp"
#include "girin/loop/future.hpp"
#include "girin/loop/gcc12.hpp"

namespace girin {

/// What an observer keeps with a job: for whom it is done.
class JobOrigin {
  public:
    virtual ~JobOrigin() = default;
};

/// How busy a pool is.
struct PoolState {
    std::size_t threads = 0;  // there may be
    std::size_t busy = 0;     // threads with a job
    std::size_t queued = 0;   // jobs that wait for one
    std::optional<TimePoint> oldest_queued;

    PoolState() = default;
};

/// Is told what a pool does. Unless it says otherwise, on the thread whose job it is.
class ExecutorObserver {
  public:
    virtual ~ExecutorObserver() = default;
    /// On the loop's thread, as a job is given to the pool. Null: nothing is to be kept.
    virtual std::unique_ptr<JobOrigin> job_origin() = 0;
    /// Threads: any, but one at a time.
    virtual void pool_changed(const PoolState& state) noexcept = 0;
    virtual void thread_began() noexcept = 0;
    virtual void thread_ends() noexcept = 0;
    virtual void job_began(const JobOrigin* origin) noexcept = 0;
    virtual void job_ended() noexcept = 0;
    /// It waits for the loop, which is no fault of its own; then it goes on.
    virtual void job_waits() noexcept = 0;
    virtual void job_goes_on() noexcept = 0;
    virtual void job_extended(TimePoint deadline) noexcept = 0;
};

/// The job on this thread may take so long, counted from now; said again, that counts. Elsewhere it does nothing.
/// Without it a server takes one that lasts longer than its --timeout for one that hangs. Threads: any of a pool.
void extend_job_deadline(Duration from_now);

namespace detail {

/// In a forked child: the job on this thread is the parent's, and so is who observes it.
void forget_job_observer() noexcept;

/// A piece of work on its way from the loop to the pool and back.
class Job {
  public:
    virtual ~Job() = default;
    /// On a thread of the pool.
    virtual void work() noexcept = 0;
    /// On the loop: hands the outcome to whoever waits.
    virtual void deliver() = 0;

    TimePoint queued_at{};
    std::unique_ptr<JobOrigin> origin;
};

/// While the job on this thread waits for the loop.
class JobPause {
  public:
    JobPause();
    JobPause(const JobPause&) = delete;
    JobPause& operator=(const JobPause&) = delete;
    ~JobPause();
};

}  // namespace detail

class Executor {
  public:
    /// `threads` 0: as many as cores plus 4, at most 32. None is started before the first job.
    Executor(EventLoop& loop, std::size_t threads, ExecutorObserver* observer = nullptr);
    /// Waits for jobs that run; those that wait in the queue are dropped.
    ~Executor();

    /// Errors: std::system_error when the system gives no thread and there is none yet.
    void submit(std::unique_ptr<detail::Job> job);
    std::size_t threads() const { return threads_; }

  private:
    struct Pool;

    /// What each thread does.
    void work();
    void work_on(std::unique_ptr<detail::Job> job);
    /// The pool's mutex is held.
    void tell_state() noexcept;

    EventLoop& loop_;
    std::size_t threads_;
    ExecutorObserver* observer_;  // may be null
    std::unique_ptr<Pool> pool_;
};

namespace detail {

template <class R>
class JobState final : public FutureState<R> {
  public:
    using FutureState<R>::FutureState;

    /// Queued: it never runs. Running: it runs to its end, and its result is dropped.
    bool cancel() override {
        abandoned->store(true, std::memory_order_relaxed);
        return FutureState<R>::cancel();
    }

    std::shared_ptr<std::atomic<bool>> abandoned = std::make_shared<std::atomic<bool>>(false);
};

template <class R, class F, class... Args>
class JobOf final : public Job {
  public:
    JobOf(Ref<JobState<R>> state, F function, Args... args)
        : state_(std::move(state)), abandoned_(state_->abandoned), function_(std::move(function)),
          args_(std::move(args)...) {}

    void work() noexcept override {
        if (abandoned_->load(std::memory_order_relaxed)) return;
        const Context::Scope scope(context_);
        try {
            if constexpr (std::is_void_v<R>) {
                std::apply(function_, std::move(args_));
            } else {
                value_.emplace(std::apply(function_, std::move(args_)));
            }
        } catch (...) {
            failure_ = std::current_exception();
        }
    }

    void deliver() override {
        if (state_->done()) return;
        if (failure_) {
            state_->set_exception(failure_);
        } else if constexpr (std::is_void_v<R>) {
            state_->set_result();
        } else {
            set_result_of<R>(*state_, [this]() -> R&& { return std::move(*value_); });
        }
    }

  private:
    struct Nothing {};

    Context context_ = Context::current();
    Ref<JobState<R>> state_;  // touched on the loop's thread only
    std::shared_ptr<std::atomic<bool>> abandoned_;
    F function_;
    std::tuple<Args...> args_;
    std::optional<std::conditional_t<std::is_void_v<R>, Nothing, R>> value_;
    std::exception_ptr failure_;
};

}  // namespace detail

/// Calls `function(args...)` on a thread of the loop's pool, with this task's context variables; its result or exception
/// becomes the future's.
///
/// Owns: copies of `function` and `args`, made and destroyed on the loop's thread. What `function` takes by value is its
/// own, and dies on the pool's thread as it returns: take by reference what must not.
/// Errors: LoopError when no loop runs. Cancel: a queued call is dropped; one that runs goes on and its result is dropped.
///
/// With g++ before 13 a lambda whose captures have a destructor is given a name first: `auto work = [path] {...};`, then
/// run_in_executor(work), or run_in_executor(by_move(work)). A temporary doesn't compile: its captures would be destroyed
/// twice.
template <class F, class... Args>
auto run_in_executor(F&& function, Args&&... args) {
    GIRIN_NAMED_FIRST(F);
    (detail::require_named_first<Args>(), ...);
    using Kept = detail::CallableOf<F>;
    using R = std::decay_t<std::invoke_result_t<Kept&, std::decay_t<Args>&&...>>;
    using Job = detail::JobOf<R, Kept, std::decay_t<Args>...>;
    EventLoop& loop = EventLoop::running();
    Ref<detail::JobState<R>> state(new detail::JobState<R>(loop));
    loop.executor().submit(std::make_unique<Job>(state, detail::Callable<std::remove_cvref_t<F>>::get(std::forward<F>(function)),
                                                 std::forward<Args>(args)...));
    return Future<R>(Ref<FutureState<R>>(std::move(state)));
}

/// asyncio's name for it.
template <class F, class... Args>
auto to_thread(F&& function, Args&&... args) {
    return run_in_executor(std::forward<F>(function), std::forward<Args>(args)...);
}

}  // namespace girin
