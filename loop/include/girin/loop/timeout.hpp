#pragma once

// Time limits, as asyncio.timeout and wait_for of CPython 3.12 and later: the work is cancelled, waited for, and
// only then TimeoutError is raised. Work that swallows its cancellation and returns a value wins. Cancellation from
// outside passes.

#include "girin/loop/cancel.hpp"
#include "girin/loop/coro.hpp"
#include "girin/loop/task.hpp"

namespace girin {

/// The limit of timeout_at as an object, to be moved while the work runs. Lives in the task that it limits.
class TimeoutScope {
  public:
    explicit TimeoutScope(TimePoint deadline);
    TimeoutScope(const TimeoutScope&) = delete;
    TimeoutScope& operator=(const TimeoutScope&) = delete;

    TimePoint deadline() const { return deadline_; }
    /// No effect once it has expired.
    void reschedule(TimePoint deadline);
    bool expired() const { return expired_; }

    /// The work is over. True: it was this limit alone that cancelled it, so that its Cancelled becomes a TimeoutError.
    bool close();

  private:
    class Alarm final : public Timer {
      public:
        explicit Alarm(TimeoutScope& scope) : scope_(scope) {}
        void run() override { scope_.expire(); }

      private:
        TimeoutScope& scope_;
    };

    void expire();

    TaskBase& task_;
    const Ref<FutureStateBase> kept_;  // the task: a scope that outlives it does nothing
    TimePoint deadline_;
    Alarm alarm_{*this};
    int cancelling_before_;
    bool expired_ = false;
};

/// Runs `work` inline, in this task, until it ends or `deadline` has passed.
///
/// Errors: TimeoutError; what `work` throws. A deadline that has passed: work that never waits still ends well.
template <class T>
Coro<T> timeout_at(TimePoint deadline, Coro<T> work) {
    TimeoutScope scope(deadline);
    bool timed_out = false;
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(work);
            scope.close();
            co_return;
        } else {
            T value = co_await std::move(work);
            scope.close();
            co_return value;
        }
    } catch (const Cancelled&) {
        timed_out = scope.close();
        if (!timed_out) throw;
    } catch (...) {
        scope.close();
        throw;
    }
    throw TimeoutError();
}

template <class T>
Coro<T> timeout(Duration limit, Coro<T> work) {
    return timeout_at(later(EventLoop::running().time(), limit), std::move(work));
}

namespace detail {

template <class Handle>
using HandleValue = std::decay_t<decltype(std::declval<Handle>().result())>;

template <class Handle>
Coro<HandleValue<Handle>> await_handle(Handle handle) {
    co_return co_await std::move(handle);
}

/// No time is left: what isn't done is cancelled, and waited for. Cancellation from outside passes.
template <class Handle>
Coro<HandleValue<Handle>> cancel_and_wait(Handle handle) {
    if (!handle.done()) {
        Future<void> ended(handle.state()->loop());
        handle.cancel();
        handle.add_done_callback([ended] {
            if (!ended.done()) ended.set_result();
        });
        co_await ended;
        if (handle.cancelled()) throw TimeoutError();
    }
    co_return co_await std::move(handle);
}

}  // namespace detail

/// Waits at most `limit` for a coroutine, future or task, which is cancelled otherwise and waited for. With a limit
/// of zero or less a coroutine never starts and a future's result counts only if it is there already.
template <class T>
Coro<T> wait_for(Coro<T> work, Duration limit) {
    if (limit <= Duration::zero()) throw TimeoutError();
    co_return co_await timeout(limit, std::move(work));
}
template <class T>
Coro<T> wait_for(Future<T> future, Duration limit) {
    auto waiting = limit > Duration::zero() ? timeout(limit, detail::await_handle(std::move(future)))
                                            : detail::cancel_and_wait(std::move(future));
    co_return co_await std::move(waiting);
}
template <class T>
Coro<T> wait_for(Task<T> task, Duration limit) {
    auto waiting = limit > Duration::zero() ? timeout(limit, detail::await_handle(std::move(task)))
                                            : detail::cancel_and_wait(std::move(task));
    co_return co_await std::move(waiting);
}

}  // namespace girin
