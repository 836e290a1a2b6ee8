#include "girin/loop/sync/condition.hpp"

#include "girin/loop/cancel.hpp"
#include "girin/loop/event_loop.hpp"

namespace girin {

/// Never throws Cancelled: what there is to do after it has to be awaited.
class Condition::Notified final : public detail::Waiter {
  public:
    explicit Notified(detail::WaitQueue& queue) : queue_(queue) {}

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting) { return enqueue(queue_, awaiting); }
    Outcome await_resume() { return leave(); }

  private:
    detail::WaitQueue& queue_;
};

Coro<void> Condition::wait() {
    if (!locked()) throw LoopError("who waits on a condition has its lock");
    release();
    using Outcome = detail::Waiter::Outcome;
    Notified notified(waiters_);
    const Outcome outcome = co_await notified;
    bool cancelled = outcome != Outcome::woken;
    bool acquired = false;
    while (!acquired) {
        try {
            co_await acquire();
            acquired = true;
        } catch (const Cancelled&) {
            cancelled = true;
        }
    }
    if (!cancelled) co_return;
    if (outcome != Outcome::cancelled) wake(1);
    throw Cancelled{};
}

void Condition::notify(std::size_t count) {
    if (!locked()) throw LoopError("who notifies of a condition has its lock");
    wake(count);
}

void Condition::wake(std::size_t count) {
    while (count > 0 && waiters_.wake_one()) --count;
}

}  // namespace girin
