#include "girin/loop/task_group.hpp"

#include "girin/base/check.hpp"
#include "loop/exception_text.hpp"

namespace girin {
namespace {

using detail::FailureKind;
using detail::kind_of;

}  // namespace

ExceptionGroup::ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions)
    : text_(std::move(message)), exceptions_(std::move(exceptions)) {
    GIRIN_CHECK(!exceptions_.empty(), "an exception group holds at least one exception");
    text_ += " (" + std::to_string(exceptions_.size()) + "): " + exception_text(exceptions_.front());
}

TaskGroup::TaskGroup() : loop_(EventLoop::running()), parent_(*TaskBase::current()) {}

TaskGroup::~TaskGroup() {
    children_.clear_and_dispose([](Child* child) { delete child; });
}

void TaskGroup::check_open() const {
    if (aborting_) throw LoopError("the task group is shutting down");
    if (leaving_ && children_.empty()) throw LoopError("the task group has finished");
}

void TaskGroup::adopt(Ref<FutureStateBase> state) {
    auto* const added = new Child(*this, std::move(state));
    children_.push_back(*added);
    ++child_count_;
    added->state->add_waiter(*added);
}

void TaskGroup::on_child_done(Child& ended) {
    const Ref<FutureStateBase> kept = ended.state;
    children_.erase_and_dispose(children_.iterator_to(ended), [](Child* child) { delete child; });
    --child_count_;
    FutureStateBase& child = *kept;
    if (children_.empty() && all_done_ && !all_done_.done()) all_done_.set_result();
    if (child.cancelled()) return;
    const std::exception_ptr error = child.exception();
    if (!error) return;
    errors_.push_back(error);
    if (!fatal_ && kind_of(error) == FailureKind::fatal) fatal_ = error;
    if (!aborting_ && !parent_cancel_requested_) {
        abort();
        parent_cancel_requested_ = true;
        parent_.cancel_task();
    }
}

void TaskGroup::abort() {
    aborting_ = true;
    for (const Child& child : children_) child.state->cancel();
}

Coro<void> TaskGroup::wait_for_children(std::exception_ptr& cancellation) {
    while (!children_.empty()) {
        all_done_ = Future<void>(loop_);
        try {
            co_await all_done_;
        } catch (const Cancelled&) {
            if (!aborting_) {
                cancellation = std::current_exception();
                abort();
            }
        }
    }
}

Coro<void> TaskGroup::leave(std::exception_ptr failure) {
    leaving_ = true;
    std::exception_ptr cancellation;
    if (failure) {
        const FailureKind kind = kind_of(failure);
        if (kind == FailureKind::cancelled) cancellation = failure;
        if (kind == FailureKind::fatal && !fatal_) fatal_ = failure;
        if (!aborting_) abort();
    }
    co_await wait_for_children(cancellation);
    if (fatal_) std::rethrow_exception(fatal_);

    if (parent_cancel_requested_ && parent_.uncancel() == 0) cancellation = nullptr;
    if (cancellation && errors_.empty()) std::rethrow_exception(cancellation);
    if (failure && kind_of(failure) != FailureKind::cancelled) errors_.push_back(failure);
    if (errors_.empty()) co_return;
    if (parent_.cancelling() > 0) {
        // Cancelled from outside as well: errors go first, and the request stays for the next await.
        parent_.uncancel();
        parent_.cancel_task();
    }
    throw ExceptionGroup("unhandled errors in a task group", std::move(errors_));
}

}  // namespace girin
