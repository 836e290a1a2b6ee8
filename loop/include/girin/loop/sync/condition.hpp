#pragma once

// Condition: waits, with a lock given up meanwhile, until somebody says that something may have changed; as
// asyncio.Condition of CPython 3.13.

#include <cstddef>
#include <functional>
#include <limits>

#include "girin/loop/coro.hpp"
#include "girin/loop/sync/lock.hpp"

namespace girin {

class Condition {
  public:
    /// Over a lock of its own.
    Condition() : lock_(own_lock_) {}
    /// Over another's, which must outlive it.
    explicit Condition(Lock& lock) : lock_(lock) {}
    Condition(const Condition&) = delete;
    Condition& operator=(const Condition&) = delete;

    bool locked() const { return lock_.locked(); }
    auto acquire() { return lock_.acquire(); }
    auto hold() { return lock_.hold(); }
    void release() { lock_.release(); }

    /// Gives the lock up, waits for a notification, and takes the lock again: also when it is cancelled, and before it
    /// says so. A notification that comes to a cancelled task goes to another. May return without one: look again.
    /// Errors: LoopError when the lock isn't taken.
    Coro<void> wait();
    /// Until `predicate()` holds; its last value is returned.
    template <class Predicate>
    auto wait_for(Predicate predicate) -> Coro<std::decay_t<std::invoke_result_t<Predicate&>>> {
        auto held = std::invoke(predicate);
        while (!held) {
            co_await wait();
            held = std::invoke(predicate);
        }
        co_return held;
    }

    /// Wakes so many of those who wait. Errors: LoopError when the lock isn't taken.
    void notify(std::size_t count = 1);
    void notify_all() { notify(std::numeric_limits<std::size_t>::max()); }

  private:
    class Notified;

    void wake(std::size_t count);

    Lock own_lock_;
    Lock& lock_;
    detail::WaitQueue waiters_;
};

}  // namespace girin
