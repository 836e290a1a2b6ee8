#include "girin/loop/future.hpp"

#include "girin/loop/cancel.hpp"
#include "girin/loop/task.hpp"

namespace girin {

/// Made when a future fails, which is rare.
class FutureStateBase::Failure final : public Timer {
  public:
    Failure(FutureStateBase& owner, std::exception_ptr what) : exception(std::move(what)), owner_(owner) {}
    void run() override { owner_.report_unretrieved(owner_.description()); }

    const std::exception_ptr exception;

  private:
    FutureStateBase& owner_;
};

FutureStateBase::FutureStateBase(EventLoop& loop) : loop_(loop.ref()) {}

FutureStateBase::~FutureStateBase() {
    detail::drop_all(waiters_);
    if (has_unretrieved()) report_unretrieved("Future");
}

void FutureStateBase::report_unretrieved(const std::string& who) noexcept {
    mark_retrieved();
    const std::string message = who + " exception was never retrieved";
    if (EventLoop* const loop = loop_.get()) return loop->call_exception_handler(failure_->exception, message);
    EventLoop::log_exception(failure_->exception, message);
}

void FutureStateBase::mark_retrieved() {
    exception_retrieved_ = true;
    if (failure_) failure_->disarm();
}

void FutureStateBase::require_pending() const {
    if (done()) throw InvalidStateError("the future is done already");
}

void FutureStateBase::finish(Status status) {
    status_ = status;
    if (EventLoop* const loop = loop_.get()) return loop->schedule_all(waiters_);
    detail::drop_all(waiters_);
}

bool FutureStateBase::cancel() {
    mark_retrieved();
    if (done()) return false;
    finish(Status::cancelled);
    return true;
}

void FutureStateBase::set_exception(std::exception_ptr exception) {
    GIRIN_CHECK(exception != nullptr, "a future fails with an exception");
    require_pending();
    failure_ = std::make_unique<Failure>(*this, std::move(exception));
    exception_retrieved_ = failure_ignored_;
    EventLoop* const loop = exception_retrieved_ ? nullptr : loop_.get();
    if (loop != nullptr && !loop->is_closed()) loop->arm(*failure_, later(loop->time(), kUnretrievedGrace));
    finish(Status::finished);
}

std::exception_ptr FutureStateBase::exception() {
    if (!done()) throw InvalidStateError("the future is not done yet");
    mark_retrieved();
    if (cancelled()) throw Cancelled{};
    return failure_ ? failure_->exception : nullptr;
}

std::exception_ptr FutureStateBase::peek_failure() const { return failure_ ? failure_->exception : nullptr; }

void FutureStateBase::check_value() {
    if (const std::exception_ptr failure = exception()) std::rethrow_exception(failure);
}

void FutureStateBase::add_waiter(Runnable& waiter) {
    if (done()) {
        loop().schedule(waiter);
    } else {
        waiters_.push_back(waiter);
    }
}

Handle FutureStateBase::add_done_callback(std::function<void()> callback) {
    using Function = std::function<void()>;
    if (loop_.get() == nullptr) return {};  // nobody is there to call it
    Ref<detail::Callback> node(new detail::CallbackOf<Function>(std::move(callback)));
    intrusive_ptr_add_ref(node.get());
    add_waiter(*node);
    return Handle(std::move(node));
}

void FutureStateBase::drop_waiters() noexcept { detail::drop_all(waiters_); }

void FutureStateBase::check_settable() const {
    if (produced_) throw LoopError("the result of a task is what its coroutine gives");
}

namespace detail {

void FutureAwaiterBase::await_suspend(std::coroutine_handle<> awaiting) {
    TaskBase* const waiting = TaskBase::current();
    if (!state_base_.is_of(waiting->loop())) {
        throw LoopError("the future belongs to another event loop");
    }
    if (waiting->state() == &state_base_) throw LoopError("task '" + waiting->name() + "' awaits itself");
    attach_uncancelled(awaiting);
    state_base_.add_waiter(*this);
    waiting->forward_pending_cancel();  // as in asyncio, the future is asked, and may refuse
}

}  // namespace detail
}  // namespace girin
