#pragma once

// TaskGroup: children that end before their parent goes on, as asyncio.TaskGroup of CPython 3.13. The first child
// that fails cancels its siblings and the body; when all have ended, the errors are raised together.

#include <boost/intrusive/list.hpp>
#include <functional>
#include <vector>

#include "girin/loop/cancel.hpp"
#include "girin/loop/exception_group.hpp"
#include "girin/loop/gcc12.hpp"
#include "girin/loop/task.hpp"

namespace girin {

class TaskGroup;

/// TaskGroup::cancel() ended a group whose body was to give a value.
class TaskGroupCancelled : public std::runtime_error {
  public:
    TaskGroupCancelled() : std::runtime_error("the task group was cancelled before its body gave a value") {}
};

namespace detail {
template <class Body, class... Args>
auto run_task_group(Body body, Args... args) -> std::invoke_result_t<Body&, TaskGroup&, Args...>;
}

class TaskGroup {
  public:
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// Errors: LoopError once the group is shutting down; the coroutine is then destroyed unstarted.
    template <class T>
    Task<T> create_task(Coro<T> coroutine, std::string name = {}) {
        return create_task(std::move(coroutine), TaskOptions(std::move(name)));
    }
    template <class T>
    Task<T> create_task(Coro<T> coroutine, TaskOptions options) {
        check_open();
        Task<T> task = loop_.create_task(std::move(coroutine), std::move(options));
        adopt(task.state());
        return task;
    }
    /// Of whatever else can be awaited.
    template <Awaitable A>
    Task<AwaitedValue<A>> create_task(A awaitable, std::string name = {}) {
        return create_task(as_coro(std::move(awaitable)), TaskOptions(std::move(name)));
    }

    /// Cancels all children and the body. The group then ends without Cancelled; where the body was to give a value, with
    /// TaskGroupCancelled. Twice, or at the end, does nothing.
    void cancel();

    /// Children that have not ended.
    std::size_t size() const { return child_count_; }

  private:
    template <class Body, class... Args>
    friend auto detail::run_task_group(Body body, Args... args)
        -> std::invoke_result_t<Body&, TaskGroup&, Args...>;

    struct ChildTag;
    // Waits for one child's end; destroyed before, it is told nothing.
    class Child final : public Runnable,
                        public boost::intrusive::list_base_hook<
                            boost::intrusive::tag<ChildTag>,
                            boost::intrusive::link_mode<boost::intrusive::normal_link>> {
      public:
        Child(TaskGroup& owner, Ref<FutureStateBase> child) : state(std::move(child)), group(owner) {}
        static void* operator new(std::size_t bytes) { return detail::allocate_frame(bytes); }
        static void operator delete(void* child, std::size_t bytes) noexcept { detail::free_frame(child, bytes); }
        void run() override { group.on_child_done(*this); }

        const Ref<FutureStateBase> state;
        TaskGroup& group;
    };
    using Children =
        boost::intrusive::list<Child, boost::intrusive::base_hook<boost::intrusive::list_base_hook<
                                          boost::intrusive::tag<ChildTag>,
                                          boost::intrusive::link_mode<boost::intrusive::normal_link>>>,
                               boost::intrusive::constant_time_size<false>>;

    TaskGroup();
    ~TaskGroup();

    void check_open() const;
    void adopt(Ref<FutureStateBase> state);
    void on_child_done(Child& child);
    void abort();
    /// The body is over; `failure` is what it threw, or none. Raises what the group raises.
    Coro<void> leave(std::exception_ptr failure);
    Coro<void> wait_for_children(std::exception_ptr& cancellation, std::exception_ptr& pending);

    EventLoop& loop_;
    TaskBase& parent_;
    Children children_;  // oldest first
    std::size_t child_count_ = 0;
    std::vector<std::exception_ptr> errors_;
    std::exception_ptr fatal_;
    Future<void> all_done_;
    bool leaving_ = false;
    bool aborting_ = false;
    bool parent_cancel_requested_ = false;
};

namespace detail {

template <class Body, class... Args>
auto run_task_group(Body body, Args... args) -> std::invoke_result_t<Body&, TaskGroup&, Args...> {
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
        if (!result) throw TaskGroupCancelled();
        co_return std::move(*result);
    }
}

}  // namespace detail

/// Runs `body(group, args...)`, a coroutine, and waits for every task it has made. Returns what the body returns.
///
/// Owns: copies of `body` and `args`, until it has ended; so a body that has a name may capture. Errors: ExceptionGroup with
/// every error of children and body in order; Cancelled; a FatalError bare.
/// Pass what the body needs as `args`.
template <class Body, class... Args>
auto with_task_group(Body&& body, Args&&... args)
    -> std::invoke_result_t<std::decay_t<Body>&, TaskGroup&, std::decay_t<Args>...> {
    GIRIN_NAMED_FIRST(Body);
    (detail::require_named_first<Args>(), ...);
    return detail::run_task_group<std::decay_t<Body>, std::decay_t<Args>...>(std::forward<Body>(body),
                                                                             std::forward<Args>(args)...);
}

}  // namespace girin
