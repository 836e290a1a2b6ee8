#include "girin/loop/task_group.hpp"

#include "girin/base/check.hpp"
#include "loop/exception_text.hpp"

namespace girin {
namespace {

using detail::FailureKind;
using detail::kind_of;

}  // namespace

ExceptionGroup::ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions)
    : message_(std::move(message)), text_(message_), exceptions_(std::move(exceptions)) {
    GIRIN_CHECK(!exceptions_.empty(), "an exception group holds at least one exception");
    text_ += " (" + std::to_string(exceptions_.size()) + "): " + exception_text(exceptions_.front());
}

std::optional<ExceptionGroup> ExceptionGroup::with(std::vector<std::exception_ptr> exceptions) const {
    if (exceptions.empty()) return std::nullopt;
    return ExceptionGroup(message_, std::move(exceptions));
}

std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> ExceptionGroup::split_if(
    const std::function<bool(const std::exception_ptr&)>& condition) const {
    std::vector<std::exception_ptr> matching;
    std::vector<std::exception_ptr> rest;
    for (const std::exception_ptr& one : exceptions_) {
        if (condition(one)) {
            matching.push_back(one);
            continue;
        }
        try {
            std::rethrow_exception(one);
        } catch (const ExceptionGroup& group) {
            auto [of_it, not_of_it] = group.split_if(condition);
            if (of_it) matching.push_back(std::make_exception_ptr(std::move(*of_it)));
            if (not_of_it) rest.push_back(std::make_exception_ptr(std::move(*not_of_it)));
        } catch (...) {
            rest.push_back(one);
        }
    }
    return {with(std::move(matching)), with(std::move(rest))};
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
    if (aborting_) added->state->cancel();  // by its own eager start
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

void TaskGroup::cancel() {
    if ((leaving_ && children_.empty()) || aborting_) return;
    abort();
    if (std::exchange(parent_cancel_requested_, true)) return;
    parent_.cancel_task();
}

void TaskGroup::abort() {
    aborting_ = true;
    for (const Child& child : children_) child.state->cancel();
}

/// `pending`: a cancellation that came while it waited, whatever for.
Coro<void> TaskGroup::wait_for_children(std::exception_ptr& cancellation, std::exception_ptr& pending) {
    while (!children_.empty()) {
        all_done_ = Future<void>(loop_);
        try {
            co_await all_done_;
        } catch (const Cancelled&) {
            pending = std::current_exception();
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
    std::exception_ptr pending;
    co_await wait_for_children(cancellation, pending);
    if (fatal_) {
        for (const std::exception_ptr& error : errors_) {
            if (error != fatal_) loop_.call_exception_handler(error, "Exception in a task group that a fatal error ended");
        }
        std::rethrow_exception(fatal_);
    }
    if (parent_cancel_requested_) {
        if (parent_.uncancel() == 0) {
            cancellation = nullptr;
        } else if (!cancellation) {
            cancellation = pending;  // somebody else's: not ours to swallow
        }
    }
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
