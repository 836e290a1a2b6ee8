#include "girin/loop/sync/event.hpp"

#include "girin/loop/cancel.hpp"

namespace girin {

void Event::WaitAwaiter::await_resume() {
    const Outcome outcome = leave();
    if (outcome == Outcome::cancelled || outcome == Outcome::cancelled_after_wake) throw Cancelled{};
}

}  // namespace girin
