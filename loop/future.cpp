#include "loop/future.hpp"

#include "loop/cancel.hpp"
#include "loop/task.hpp"

namespace girin {

FutureStateBase::~FutureStateBase() {
    detail::drop_all(waiters_);
    if (has_unretrieved()) report_unretrieved("Future");
}

void FutureStateBase::report_unretrieved(const std::string& who) noexcept {
    exception_retrieved_ = true;
    loop_.call_exception_handler(exception_, who + " exception was never retrieved");
}

void FutureStateBase::require_pending() const {
    if (done()) throw InvalidStateError("the future is done already");
}

void FutureStateBase::finish(Status status) {
    status_ = status;
    loop_.schedule_all(waiters_);
}

bool FutureStateBase::cancel() {
    exception_retrieved_ = true;
    if (done()) return false;
    finish(Status::cancelled);
    return true;
}

void FutureStateBase::set_exception(std::exception_ptr exception) {
    require_pending();
    exception_ = std::move(exception);
    exception_retrieved_ = false;
    finish(Status::finished);
}

std::exception_ptr FutureStateBase::exception() {
    if (!done()) throw InvalidStateError("the future is not done yet");
    exception_retrieved_ = true;
    if (cancelled()) throw Cancelled{};
    return exception_;
}

void FutureStateBase::check_value() {
    if (const std::exception_ptr failure = exception()) std::rethrow_exception(failure);
}

void FutureStateBase::add_waiter(Runnable& waiter) {
    if (done()) {
        loop_.schedule(waiter);
    } else {
        waiters_.push_back(waiter);
    }
}

void FutureStateBase::add_done_callback(std::function<void()> callback) {
    using Function = std::function<void()>;
    auto* node = new detail::CallbackOf<Function>(std::move(callback));
    intrusive_ptr_add_ref(node);
    add_waiter(*node);
}

namespace detail {

void FutureAwaiterBase::await_suspend(std::coroutine_handle<> awaiting) {
    TaskBase* const waiting = TaskBase::current();
    if (&waiting->loop() != &state_base_.loop()) {
        throw LoopError("the future belongs to another event loop");
    }
    if (waiting->state() == &state_base_) throw LoopError("task '" + waiting->name() + "' awaits itself");
    attach_uncancelled(awaiting);
    state_base_.add_waiter(*this);
    waiting->forward_pending_cancel();  // as in asyncio, the future is asked, and may refuse
}

}  // namespace detail
}  // namespace girin
