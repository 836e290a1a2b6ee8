#pragma once

// TaskGroup: children that end before their parent goes on, as asyncio.TaskGroup of CPython 3.13. The first child
// that fails cancels its siblings and the body; when all have ended, the errors are raised together.

#include <functional>
#include <vector>

#include "loop/cancel.hpp"
#include "loop/exception_group.hpp"
#include "loop/task.hpp"

namespace girin {

class TaskGroup {
  public:
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Errors: LoopError once the group is shutting down; the coroutine is then destroyed unstarted.
    template <class T>
    Task<T> create_task(Coro<T> coroutine, std::string name = {}) {
        check_open();
        Task<T> task = loop_.create_task(std::move(coroutine), std::move(name));
        adopt(task.state(), task.base());
        return task;
    }

    std::size_t size() const { return children_.size(); }

  private:
    template <class Body, class... Args>
    friend auto with_task_group(Body body, Args... args)
        -> std::invoke_result_t<Body, TaskGroup&, Args...>;

    struct Child {
        Ref<FutureStateBase> state;
        TaskBase* task;
        Child(Ref<FutureStateBase> s, TaskBase* t) : state(std::move(s)), task(t) {}
    };

    TaskGroup();
    ~TaskGroup();

    void check_open() const;
    void adopt(Ref<FutureStateBase> state, TaskBase& task);
    void on_child_done(FutureStateBase& state);
    void abort();
    /// The body is over; `failure` is what it threw, or none. Raises what the group raises.
    Coro<void> leave(std::exception_ptr failure);
    Coro<void> wait_for_children(std::exception_ptr& cancellation);

    EventLoop& loop_;
    TaskBase& parent_;
    std::vector<Child> children_;
    std::vector<std::exception_ptr> errors_;
    std::exception_ptr fatal_;
    Future<void> all_done_;
    bool leaving_ = false;
    bool aborting_ = false;
    bool parent_cancel_requested_ = false;
};

/// Runs `body(group, args...)`, a coroutine, and waits for every task it has made. Returns what the body returns.
///
/// Errors: ExceptionGroup with every error of children and body in order; Cancelled; a FatalError bare.
/// Pass what the body needs as `args`: a lambda that captures must not be a coroutine.
template <class Body, class... Args>
auto with_task_group(Body body, Args... args) -> std::invoke_result_t<Body, TaskGroup&, Args...> {
    using Result = decltype(std::invoke(body, std::declval<TaskGroup&>(), std::move(args)...)
                                .handle().promise().take_result());
    TaskGroup group;
    std::exception_ptr failure;
    if constexpr (std::is_void_v<Result>) {
        try {
            auto running = std::invoke(body, group, std::move(args)...);
            co_await std::move(running);
        } catch (...) {
            failure = std::current_exception();
        }
        co_await group.leave(failure);
    } else {
        std::optional<Result> result;
        try {
            auto running = std::invoke(body, group, std::move(args)...);
            result.emplace(co_await std::move(running));
        } catch (...) {
            failure = std::current_exception();
        }
        co_await group.leave(failure);
        co_return std::move(*result);
    }
}

}  // namespace girin
