#pragma once

// EventLoop: asyncio's loop, in C++. It owns the ready queue, the timers and the tasks; a concrete loop supplies
// waiting: AsioLoop (asio_loop.hpp) in life, VirtualLoop in tests. Not here: I/O (net/), threads (executor.hpp).

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <vector>

#include "girin/base/clock.hpp"
#include "girin/loop/delay.hpp"
#include "girin/loop/handle.hpp"
#include "girin/loop/loop_ref.hpp"
#include "girin/loop/process_check.hpp"
#include "girin/loop/runnable.hpp"
#include "girin/loop/timer_heap.hpp"

namespace girin {

class TaskBase;
class Executor;
class ExecutorObserver;
template <class T>
class Coro;
template <class T>
class Task;
class FutureStateBase;
struct TaskOptions;

namespace detail {

template <class T>
class FutureHandle;

/// An async generator that was begun and has not ended: the loop closes it before it goes.
class OpenGenerator : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    virtual Coro<void> close() = 0;

  protected:
    ~OpenGenerator() = default;
};

}  // namespace detail

/// A wrong use of the loop: run while it runs, used after close.
class LoopError : public std::logic_error {
  public:
    using std::logic_error::logic_error;
};

/// An exception that leaves run() instead of going to the exception handler.
class FatalError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Sees where the loop is; for heartbeats. Called twice a turn: must be cheap and must not throw.
class TurnObserver {
  public:
    virtual void turn_began(TimePoint now) noexcept = 0;
    virtual void turn_ended() noexcept = 0;

  protected:
    ~TurnObserver() = default;
};

/// One turn: wait (not at all if something is ready), queue what I/O completed, queue due timers, run what stands on
/// the queue. What is scheduled meanwhile runs in the next turn.
///
/// Fork: a child that is forked in a callback may exec, _exit, or run a loop of its own. One that comes back into this
/// loop, or uses its connections, is ended with a line in the log: two processes can't share a loop. In a child the
/// loop's destructor frees next to nothing, and leaves the parent's alone.
class EventLoop {
  public:
    /// `message` says in whose care the exception was lost.
    using ExceptionHandler = std::function<void(std::exception_ptr, const std::string& message)>;

    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    virtual ~EventLoop();

    /// The loop that runs on this thread. Errors: LoopError when none does.
    static EventLoop& running();
    static EventLoop* running_or_null() noexcept;

    /// Runs until stop(). Errors: LoopError when this loop or another one of this thread runs already; it says where
    /// that was started.
    void run_forever(std::source_location where = std::source_location::current());
    /// Runs until the coroutine has ended, and returns its result. Errors: what it throws; LoopError("stopped before
    /// …").
    template <class T>
    T run_until_complete(Coro<T> main, std::source_location where = std::source_location::current());
    /// The same for a future or a task.
    template <class T>
    T run_until_complete(const detail::FutureHandle<T>& future,
                         std::source_location where = std::source_location::current());
    /// The turn that runs is finished; later callbacks wait for the next run. Before a run: that run makes one turn.
    void stop() noexcept { stopping_ = true; }
    bool is_running() const noexcept { return running_; }
    /// Drops what is scheduled, destroys the coroutines of tasks that have not ended (each is named in the log), and
    /// shuts the executor down. Twice does nothing. Errors: LoopError while it runs. Blocks: until jobs that run in
    /// the executor have ended.
    void close();
    bool is_closed() const noexcept { return closed_; }

    /// The time at the start of this turn; constant within it. While the loop doesn't run, the clock's own time.
    TimePoint time() const { return running_ ? now_ : now(); }
    /// The clock itself, which goes on within a turn: to measure with.
    virtual TimePoint now() const { return Clock::now(); }

    /// Calls `function` once, in the next turn, in order of scheduling.
    template <class F>
    Handle call_soon(F function);
    template <class F>
    Handle call_later(Delay delay, F function);
    template <class F>
    Handle call_at(TimePoint when, F function);
    /// Threads: any, also after close() (then `function` is dropped).
    template <class F>
    void call_soon_threadsafe(F function);

    /// Makes a task of a coroutine; it starts in the next turn. Owns: the loop keeps it until it has ended.
    template <class T>
    Task<T> create_task(Coro<T> coroutine, std::string name = {});
    template <class T>
    Task<T> create_task(Coro<T> coroutine, TaskOptions options);
    TaskBase* current_task() const noexcept { return current_task_; }
    /// All tasks that have not ended, oldest first.
    std::vector<TaskBase*> all_tasks() const;

    /// Where exceptions go that nobody awaited. Default: an error in the log. One that throws is replaced by the
    /// default for that call.
    void set_exception_handler(ExceptionHandler handler) { exception_handler_ = std::move(handler); }
    void call_exception_handler(std::exception_ptr exception, const std::string& message) noexcept;
    /// The default.
    static void log_exception(const std::exception_ptr& exception, const std::string& message) noexcept;

    /// Closes the async generators that were begun and have not ended; what they throw goes to the exception handler.
    Coro<void> shutdown_asyncgens();

    void set_turn_observer(TurnObserver* observer) { observer_ = observer; }

    /// The pool behind run_in_executor; made at first use. `threads` counts only then; 0: as many as cores plus 4,
    /// at most 32.
    Executor& executor();
    void set_executor_threads(std::size_t threads) { executor_threads_ = threads; }
    /// Is told of the pool, once that is made; outlives it.
    void set_executor_observer(ExecutorObserver* observer) { executor_observer_ = observer; }

    // For primitives of loop/: what lies under callbacks and tasks.
    /// As run_until_complete(), without the result.
    void run_until_done(FutureStateBase& awaited, std::source_location where);
    void add_generator(detail::OpenGenerator& generator) { generators_.push_back(generator); }
    void schedule(Runnable& runnable) {
        ready_.push_back(runnable);
        if (asleep_) rouse();
    }
    void schedule_all(RunnableList& list) {
        ready_.splice(ready_.end(), list);
        if (asleep_) rouse();
    }
    void arm(Timer& timer, TimePoint when) {
        timers_.arm(timer, when);
        if (asleep_) rouse();
    }
    TimerHeap& timers() noexcept { return timers_; }
    LoopRef ref() const noexcept { return ref_; }
    /// Ends a forked child that has come back to its parent's loop.
    void check_process() const noexcept { process_.check(); }
    bool is_ours() const noexcept { return process_.is_ours(); }

  protected:
    EventLoop();

    /// Waits for I/O and queues what completed (schedule). Nothing: for ever, until wake_up. A time that has passed:
    /// only looks.
    virtual void select(std::optional<TimePoint> until) = 0;
    /// Makes a select() return. Threads: any.
    virtual void wake_up() noexcept = 0;
    /// run_forever() is over: for a guest, whose host waits in our place again.
    virtual void run_ended() noexcept {}

    /// One turn. For guests (guest.hpp), which have no run_forever.
    void turn(bool may_wait);
    bool has_ready() const { return !ready_.empty(); }
    /// The host waits in our place: what is scheduled or armed from its callbacks has to wake it.
    void set_asleep(bool asleep) noexcept { asleep_ = asleep; }
    /// Marks the loop as running on this thread while in scope.
    class RunningScope {
      public:
        RunningScope(EventLoop& loop, std::source_location where);
        ~RunningScope();

      private:
        EventLoop& loop_;
        EventLoop* outer_;
    };
    /// Called by the destructor of each concrete loop, while select and wake_up still stand.
    void close_from_destructor() noexcept;

  private:
    friend class TaskBase;
    friend class LoopResident;

    void run_pass();
    void take_posted();
    void rouse() noexcept;
    void drop_scheduled() noexcept;
    void leave_to_parent() noexcept;
    void post(Ref<detail::Callback> callback);
    void check_open() const;

    const ProcessCheck process_;
    LoopRef ref_;
    LoopResidents residents_;
    RunnableList ready_;
    RunnableList pass_;
    TimerHeap timers_;
    TimePoint now_;
    TurnObserver* observer_ = nullptr;
    TaskBase* current_task_ = nullptr;
    TaskBase* first_task_ = nullptr;
    TaskBase* last_task_ = nullptr;
    std::uint32_t tasks_made_ = 0;
    int eager_starts_ = 0;  // one within the other
    boost::intrusive::list<detail::OpenGenerator, boost::intrusive::constant_time_size<false>> generators_;
    bool running_ = false;
    bool stopping_ = false;
    bool closed_ = false;
    bool asleep_ = false;
    std::source_location run_where_;
    ExceptionHandler exception_handler_;
    std::unique_ptr<Executor> executor_;
    std::size_t executor_threads_ = 0;
    ExecutorObserver* executor_observer_ = nullptr;

    std::mutex posted_mutex_;
    std::vector<Ref<detail::Callback>> posted_;  // under posted_mutex_
    bool posts_closed_ = false;                  // under posted_mutex_
};

template <class F>
Handle EventLoop::call_soon(F function) {
    check_open();
    Ref<detail::Callback> callback(new detail::CallbackOf<F>(std::move(function)));
    intrusive_ptr_add_ref(callback.get());
    schedule(*callback);
    return Handle(std::move(callback));
}

template <class F>
Handle EventLoop::call_at(TimePoint when, F function) {
    check_open();
    Ref<detail::Callback> callback(new detail::CallbackOf<F>(std::move(function)));
    intrusive_ptr_add_ref(callback.get());
    arm(*callback, when);
    return Handle(std::move(callback));
}

template <class F>
Handle EventLoop::call_later(Delay delay, F function) {
    return call_at(later(time(), delay), std::move(function));
}

template <class F>
void EventLoop::call_soon_threadsafe(F function) {
    post(Ref<detail::Callback>(new detail::CallbackOf<F>(std::move(function))));
}

}  // namespace girin
