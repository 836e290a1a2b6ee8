#include "girin/loop/sync/semaphore.hpp"

#include <limits>
#include <stdexcept>

#include "girin/loop/cancel.hpp"
#include "girin/loop/event_loop.hpp"

namespace girin {

Semaphore::Semaphore(std::ptrdiff_t value) : Semaphore(value, std::numeric_limits<std::ptrdiff_t>::max()) {}

Semaphore::Semaphore(std::ptrdiff_t value, std::ptrdiff_t bound) : value_(value), bound_(bound) {
    if (value < 0) throw std::invalid_argument("a semaphore begins with a value of 0 or more");
}

void Semaphore::release() {
    if (value_ >= bound_) throw LoopError("a bounded semaphore is released no more often than it was acquired");
    give_back();
}

void Semaphore::give_back() noexcept {
    ++value_;
    wake_next();
}

/// The unit is the woken task's from now on.
bool Semaphore::wake_next() {
    if (!waiters_.wake_one()) return false;
    --value_;
    return true;
}

void Semaphore::on_resumed(detail::Waiter::Outcome outcome) {
    using Outcome = detail::Waiter::Outcome;
    if (outcome == Outcome::at_once) return;
    if (outcome == Outcome::cancelled) throw Cancelled{};  // who was never woken owes nobody; the semaphore may be gone
    if (outcome == Outcome::cancelled_after_wake) ++value_;
    // Others had to wait though units were free, because this one stood before them.
    while (value_ > 0 && wake_next()) {
    }
    if (outcome != Outcome::woken) throw Cancelled{};
}

}  // namespace girin
