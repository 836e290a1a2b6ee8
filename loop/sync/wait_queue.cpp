#include "girin/loop/sync/wait_queue.hpp"

#include "girin/loop/event_loop.hpp"
#include "girin/loop/task.hpp"

namespace girin::detail {

bool Waiter::enqueue(WaitQueue& queue, std::coroutine_handle<> awaiting) {
    queue.bind_to(TaskBase::current()->loop());
    waited_ = true;
    if (!attach(awaiting)) return false;
    queue.waiting_.push_back(*this);
    return true;
}

Waiter::Outcome Waiter::leave() {
    WaitHook::unlink();
    if (!waited_) return Outcome::at_once;
    const bool late = cancelled_late();
    if (woken_) return late ? Outcome::cancelled_after_wake : Outcome::woken;
    return Outcome::cancelled;
}

bool Waiter::request_cancel() {
    if (woken_) return false;  // asyncio's rule: the request is raised as it runs, and the wake-up passed on
    if (!cancelled_) {
        cancelled_ = true;
        WaitHook::unlink();
        task()->loop().schedule(*this);
    }
    return true;
}

bool WaitQueue::wake_one() {
    if (waiting_.empty()) return false;
    Waiter& first = waiting_.front();
    waiting_.pop_front();
    woken_.push_back(first);
    first.woken_ = true;
    first.task()->loop().schedule(first);
    return true;
}

void WaitQueue::bind_to(EventLoop& loop) {
    if (!bound_ || loop_.get() == nullptr) {
        bound_ = true;
        loop_ = loop.ref();
    } else if (loop_.get() != &loop) {
        throw LoopError("what is waited for is in use on another event loop");
    }
}

}  // namespace girin::detail
