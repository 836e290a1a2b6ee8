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

template <Awaitable A>
Coro<AwaitedValue<A>> timeout_at(TimePoint deadline, A work) {
    return timeout_at(deadline, as_coro(std::move(work)));
}

template <Awaitable A>
Coro<AwaitedValue<A>> timeout(Delay limit, A work) {
    return timeout_at(later(EventLoop::running().time(), limit), as_coro(std::move(work)));
}

namespace detail {

/// No time is left: what isn't done is cancelled, and waited for. Cancellation from outside passes.
template <class Handle, class T>
Coro<T> cancel_and_wait(Handle handle) {
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

/// The limit counts from the await. What has no time left never starts.
template <class T>
Coro<T> wait_in_time(Coro<T> work, Duration limit) {
    if (limit <= Duration::zero()) throw TimeoutError();
    co_return co_await timeout(limit, std::move(work));
}

}  // namespace detail

/// Waits at most `limit` for what can be awaited, which is cancelled otherwise and waited for. With a limit of zero or
/// less a coroutine never starts, and the result of a future or task counts only if it is there already.
template <Awaitable A>
Coro<AwaitedValue<A>> wait_for(A work, Delay limit) {
    using T = AwaitedValue<A>;
    if constexpr (requires { work.state()->loop(); }) {  // a future of any kind
        if (Duration(limit) <= Duration::zero()) return detail::cancel_and_wait<A, T>(std::move(work));
    }
    return detail::wait_in_time<T>(as_coro(std::move(work)), limit);
}

}  // namespace girin
