#pragma once

// Lock: one task at a time, as asyncio.Lock of CPython 3.13. Not for threads: between awaits nothing else of a loop runs,
// so a lock is for what must stay whole across an await.

#include "girin/loop/sync/wait_queue.hpp"

namespace girin {

/// First come, first served: who asks while others wait goes behind them, also when the lock is free.
class Lock {
  public:
    Lock() = default;
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    /// False between a release() and the turn of who was woken by it.
    bool locked() const { return locked_; }
    /// Doesn't suspend when the lock is free and nobody waits. Cancel: raised, and the lock isn't taken.
    detail::AcquireAwaiter<Lock> acquire() { return detail::AcquireAwaiter<Lock>(*this); }
    /// As acquire(), and releases it at the end of the scope.
    detail::HoldAwaiter<Lock> hold() { return detail::HoldAwaiter<Lock>(*this); }
    /// Errors: LoopError when nobody has it.
    void release();

  private:
    friend class detail::AcquireAwaiter<Lock>;
    friend class Held<Lock>;

    bool try_acquire() {
        if (locked_ || !waiters_.empty()) return false;
        locked_ = true;
        return true;
    }
    detail::WaitQueue& waiters() { return waiters_; }
    void on_resumed(detail::Waiter::Outcome outcome);
    void give_back() noexcept;
    void wake_first();

    bool locked_ = false;
    detail::WaitQueue waiters_;
};

}  // namespace girin
