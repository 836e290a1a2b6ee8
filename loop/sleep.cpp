#include "girin/loop/sleep.hpp"

#include "girin/loop/cancel.hpp"
#include "girin/loop/event_loop.hpp"
#include "girin/loop/task.hpp"

namespace girin {

bool SleepAwaiter::await_suspend(std::coroutine_handle<> awaiting) {
    if (!attach(awaiting)) return false;
    EventLoop& loop = task()->loop();
    if (until_ <= loop.time()) {
        loop.schedule(*this);
    } else {
        loop.arm(alarm_, until_);
    }
    return true;
}

bool SleepAwaiter::request_cancel() {
    if (cancelled_) return true;
    if (!alarm_.is_armed()) return false;  // it is over: the request waits for the next await, or for await_resume
    alarm_.disarm();
    cancelled_ = true;
    task()->loop().schedule(*this);
    return true;
}

void SleepAwaiter::await_resume() {
    if (cancelled_) throw Cancelled{};
    check_cancelled_late();
}

SleepAwaiter sleep_until(TimePoint when) { return SleepAwaiter(when); }

SleepAwaiter sleep_for(Delay duration) {
    return SleepAwaiter(later(EventLoop::running().time(), duration));
}

}  // namespace girin
