#pragma once

// Task<T>: a coroutine that runs by itself on a loop, as asyncio.Task: it starts in the next turn, can be cancelled,
// and is a future of its result. The loop owns it until it has ended. Not here: groups of tasks (task_group.hpp).

#include <cstdint>
#include <optional>
#include <string>

#include "girin/loop/awaitable.hpp"
#include "girin/loop/context.hpp"
#include "girin/loop/coro.hpp"
#include "girin/loop/future.hpp"

namespace girin {

/// Told of one task's turns: for who must know at any moment what runs.
class TaskObserver {
  public:
    virtual void task_runs() noexcept = 0;
    virtual void task_waits() noexcept = 0;

  protected:
    ~TaskObserver() = default;
};

/// How a task is made, where the name alone isn't enough.
struct TaskOptions {
    std::string name;
    /// Its first step is made at once, by who creates it; what doesn't wait is done then. On a loop that doesn't run on
    /// this thread, and kMostNested deep, it starts in the next turn all the same.
    bool eager_start = false;
    /// None: a copy of the one of who creates it.
    std::optional<Context> context;

    TaskOptions() {}
    explicit TaskOptions(std::string task_name) : name(std::move(task_name)) {}
    static TaskOptions eagerly() {
        TaskOptions options;
        options.eager_start = true;
        return options;
    }

    static constexpr int kMostNested = 50;
};

/// A task's identity, without its result's type.
class TaskBase : private Runnable {  // what runs is its first step
  public:
    /// The task that runs. A bug, hence a check, outside of any: every coroutine that waits runs in a task.
    static TaskBase* current();

    /// As it was called, or "Task-7".
    const std::string& name() const;
    void set_name(std::string name) { name_ = std::make_unique<const std::string>(std::move(name)); }
    /// The values that context variables have in it. While it runs: when it ran last.
    const Context& context() const { return context_; }
    /// While the task has not ended.
    EventLoop& loop() const { return loop_; }
    virtual FutureStateBase* state() = 0;

    /// Asks the task to stop: Cancelled is raised once where it waits, or at its next await. It may catch that and
    /// go on. False when it has ended already.
    bool cancel_task();
    /// Takes one request back; returns how many are left. At zero a request not yet raised is forgotten.
    int uncancel();
    /// Requests that were not taken back.
    int cancelling() const { return static_cast<int>(cancel_requests_); }

    /// Told each time that the task runs and when it waits again, until another (or null) is set. Set while it runs: at
    /// first that it waits.
    void set_observer(TaskObserver* observer) { observer_ = observer; }

  protected:
    TaskBase(EventLoop& loop, std::string name);
    ~TaskBase();

    /// To be called once the object is whole: puts it into the loop's registry.
    void enlist();
    /// Schedules its first step, or makes it at once. To be called when somebody holds the task.
    void start(bool eagerly);
    void set_context(Context context) { context_ = std::move(context); }
    /// Never entered if it was cancelled before its first step.
    virtual std::coroutine_handle<> root() const = 0;
    /// The coroutine is over, or (`entered` false) never began. Errors: a FatalError it ended with, after the task
    /// has it.
    virtual void complete(bool entered) = 0;
    virtual void destroy_coroutine() = 0;

    bool take_pending_cancel() {
        const bool pending = must_cancel_ != 0;
        must_cancel_ = 0;
        return pending;
    }

  private:
    friend class EventLoop;
    friend class Suspension;
    friend bool detail::resume_next(std::coroutine_handle<> next) noexcept;
    friend class detail::FutureAwaiterBase;

    void run() final;
    void resume(std::coroutine_handle<> where);
    void forward_pending_cancel();
    void end(bool entered);
    /// The loop closes while it waits.
    void abandon();
    void delist();

    EventLoop& loop_;
    mutable std::unique_ptr<const std::string> name_;  // most have none until somebody asks
    Context context_ = Context::current();
    Suspension* suspension_ = nullptr;
    std::coroutine_handle<> resume_next_;
    TaskObserver* observer_ = nullptr;
    TaskBase* next_ = nullptr;
    TaskBase* previous_ = nullptr;
    std::uint32_t number_;
    // Together four bytes, as many tasks wait at a time.
    std::uint32_t cancel_requests_ : 30 = 0;
    std::uint32_t must_cancel_ : 1 = 0;
    std::uint32_t listed_ : 1 = 0;
};

namespace detail {

enum class FailureKind { cancelled, fatal, error };
FailureKind kind_of(const std::exception_ptr& failure);

/// Stops the loop when a task has ended; destroyed before, it leaves nothing behind.
class Stopper final : public Runnable {
  public:
    explicit Stopper(EventLoop& loop) : loop_(loop) {}
    void run() override { loop_.stop(); }

  private:
    EventLoop& loop_;
};

template <class T>
class TaskState final : public FutureState<T>, public TaskBase {
  public:
    TaskState(EventLoop& loop, Coro<T> coroutine, std::string name)
        : FutureState<T>(loop), TaskBase(loop, std::move(name)), coroutine_(std::move(coroutine)) {
        GIRIN_CHECK(coroutine_, "a Coro that is made a task has not been moved from");
        this->set_produced();
        coroutine_.handle().promise().start(0);
        enlist();
    }
    using TaskBase::set_context;
    using TaskBase::start;
    ~TaskState() override {
        if (this->has_unretrieved()) this->report_unretrieved(description());
    }

    FutureStateBase* state() override { return this; }
    bool cancel() override {
        this->mark_retrieved();
        return cancel_task();
    }

  private:
    using Status = FutureStateBase::Status;

    std::string description() const override { return "Task '" + this->name() + "'"; }
    std::coroutine_handle<> root() const override { return coroutine_.handle(); }
    void destroy_coroutine() override { coroutine_ = {}; }

    void complete(bool entered) override {
        Coro<T> finished = std::move(coroutine_);
        const std::exception_ptr failure = entered ? finished.handle().promise().exception() : nullptr;
        const FailureKind kind = failure ? kind_of(failure) : FailureKind::cancelled;
        // A request that is still pending costs the task its result, but hides no error.
        const bool cancelled = !entered || (failure ? kind == FailureKind::cancelled : take_pending_cancel());
        if (cancelled) {
            this->finish(Status::cancelled);
        } else if (failure) {
            this->set_exception(failure);
            if (kind == FailureKind::fatal) std::rethrow_exception(failure);
        } else if constexpr (std::is_void_v<T>) {
            this->set_result();
        } else {
            set_result_of<T>(*this, [&]() -> T { return finished.handle().promise().take_result(); });
        }
    }

    Coro<T> coroutine_;
};

}  // namespace detail

/// Copies name the same task. Dropping them all doesn't stop it.
template <class T = void>
class Task : public detail::FutureHandle<T> {
  public:
    Task() = default;
    explicit Task(Ref<detail::TaskState<T>> state) : detail::FutureHandle<T>(state), task_(state.get()) {}

    const std::string& name() const { return base().name(); }
    void set_name(std::string name) const { base().set_name(std::move(name)); }
    int uncancel() const { return base().uncancel(); }
    int cancelling() const { return base().cancelling(); }
    TaskBase& base() const {
        this->state();
        return *task_;
    }

  private:
    TaskBase* task_ = nullptr;
};

template <class T>
Task<T> EventLoop::create_task(Coro<T> coroutine, std::string name) {
    check_open();
    const Ref<detail::TaskState<T>> state(new detail::TaskState<T>(*this, std::move(coroutine), std::move(name)));
    state->start(false);
    return Task<T>(state);
}

template <class T>
Task<T> EventLoop::create_task(Coro<T> coroutine, TaskOptions options) {
    check_open();
    const Ref<detail::TaskState<T>> state(
        new detail::TaskState<T>(*this, std::move(coroutine), std::move(options.name)));
    if (options.context) state->set_context(std::move(*options.context));
    state->start(options.eager_start);
    return Task<T>(state);
}

template <class T>
T EventLoop::run_until_complete(Coro<T> main, std::source_location where) {
    { const RunningScope refused_early(*this, where); }
    const Task<T> task = create_task(std::move(main), "main");
    run_until_done(*task.state(), where);
    if constexpr (std::is_void_v<T>) {
        task.result();
    } else {
        return static_cast<T&&>(task.state()->value());
    }
}

template <class T>
T EventLoop::run_until_complete(const detail::FutureHandle<T>& future, std::source_location where) {
    run_until_done(*future.state(), where);
    if constexpr (std::is_copy_constructible_v<T>) {
        return future.state()->value();  // the caller's future stays whole
    } else {
        return detail::value_for_one(*future.state());
    }
}

/// A task on the loop that runs on this thread. Errors: LoopError when none does.
template <class T>
Task<T> create_task(Coro<T> coroutine, std::string name = {}) {
    return EventLoop::running().create_task(std::move(coroutine), std::move(name));
}
template <class T>
Task<T> create_task(Coro<T> coroutine, TaskOptions options) {
    return EventLoop::running().create_task(std::move(coroutine), std::move(options));
}

/// A future or a task as it is; of whatever else can be awaited a task, that awaits it.
template <class T>
Future<T> ensure_future(Future<T> future) {
    return future;
}
template <class T>
Task<T> ensure_future(Task<T> task) {
    return task;
}
template <Awaitable A>
Task<AwaitedValue<A>> ensure_future(A awaitable) {
    return create_task(as_coro(std::move(awaitable)));
}

}  // namespace girin
