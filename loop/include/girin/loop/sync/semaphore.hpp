#pragma once

// Semaphore and BoundedSemaphore: so many tasks at a time, as asyncio's of CPython 3.13.

#include <cstddef>

#include "girin/loop/sync/wait_queue.hpp"

namespace girin {

/// First come, first served. A unit that is released goes to who has waited longest, at once.
class Semaphore {
  public:
    /// Errors: std::invalid_argument when `value` is negative.
    explicit Semaphore(std::ptrdiff_t value = 1);
    Semaphore(const Semaphore&) = delete;
    Semaphore& operator=(const Semaphore&) = delete;

    /// acquire() would wait: no unit is left, or others have waited longer.
    bool locked() const { return value_ == 0 || !waiters_.empty(); }
    /// Units that nobody has.
    std::ptrdiff_t value() const { return value_; }
    /// Doesn't suspend when a unit is free and nobody waits. Cancel: raised, and no unit is taken.
    detail::AcquireAwaiter<Semaphore> acquire() { return detail::AcquireAwaiter<Semaphore>(*this); }
    /// As acquire(), and releases it at the end of the scope.
    detail::HoldAwaiter<Semaphore> hold() { return detail::HoldAwaiter<Semaphore>(*this); }
    /// May be called without acquire(): then there is a unit more. Errors: as BoundedSemaphore says.
    void release();

  protected:
    Semaphore(std::ptrdiff_t value, std::ptrdiff_t bound);

  private:
    friend class detail::AcquireAwaiter<Semaphore>;
    friend class Held<Semaphore>;

    bool try_acquire() {
        if (locked()) return false;
        --value_;
        return true;
    }
    detail::WaitQueue& waiters() { return waiters_; }
    void on_resumed(detail::Waiter::Outcome outcome);
    void give_back() noexcept;
    bool wake_next();

    std::ptrdiff_t value_;
    const std::ptrdiff_t bound_;
    detail::WaitQueue waiters_;
};

/// release() throws LoopError where there would be more units than at the beginning.
class BoundedSemaphore : public Semaphore {
  public:
    explicit BoundedSemaphore(std::ptrdiff_t value = 1) : Semaphore(value, value) {}
};

}  // namespace girin
