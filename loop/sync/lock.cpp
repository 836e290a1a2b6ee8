#include "girin/loop/sync/lock.hpp"

#include "girin/loop/cancel.hpp"
#include "girin/loop/event_loop.hpp"

namespace girin {

void Lock::release() {
    if (!locked_) throw LoopError("a lock that is released was acquired");
    give_back();
}

void Lock::give_back() noexcept {
    if (!std::exchange(locked_, false)) return;
    wake_first();
}

/// One at a time: who is woken already takes it.
void Lock::wake_first() {
    if (!waiters_.someone_is_woken()) waiters_.wake_one();
}

void Lock::on_resumed(detail::Waiter::Outcome outcome) {
    using Outcome = detail::Waiter::Outcome;
    if (outcome == Outcome::at_once) return;
    if (outcome == Outcome::woken) {
        locked_ = true;
        return;
    }
    if (outcome == Outcome::cancelled_after_wake && !locked_) wake_first();
    throw Cancelled{};
}

}  // namespace girin
