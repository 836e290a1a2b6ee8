#include "girin/loop/gather.hpp"

namespace girin::detail {

void Gathering::watch(FutureStateBase& outer, const std::vector<FutureStateBase*>& children) {
    for (const FutureStateBase* const child : children) {
        if (!child->is_of(outer.loop())) throw LoopError("what is gathered belongs to one event loop");
    }
    outer_ = &outer;
    pending_ = children.size();
    for (FutureStateBase* const child : children) {
        watches_.emplace_back(*this, *child);
        child->add_waiter(watches_.back());
    }
    if (children.empty()) give_results();
}

bool Gathering::cancel_children() {
    bool any = false;
    for (const Watch& watch : watches_) any |= watch.child().cancel();
    cancel_requested_ |= any;
    return any;
}

void Gathering::on_child_done(FutureStateBase& child) {
    --pending_;
    if (outer_->done()) return;
    const std::exception_ptr failure =
        child.cancelled() ? std::make_exception_ptr(Cancelled{}) : child.peek_failure();
    // Once we are cancelled an error is the child's own to report: the end waits for all, and is Cancelled.
    if (failure && !cancel_requested_ && mode_ != GatherMode::settled && !first_failure_) {
        child.mark_retrieved();
        first_failure_ = failure;
        if (mode_ == GatherMode::first_error) return fail_at_once(failure);
        for (const Watch& other : watches_) {
            other.child().ignore_failure();
            other.child().cancel();
        }
    }
    if (pending_ == 0) finish();
}

void Gathering::fail_at_once(std::exception_ptr failure) {
    for (const Watch& watch : watches_) watch.child().ignore_failure();
    outer_->set_exception(std::move(failure));
}

void Gathering::finish() {
    if (cancel_requested_) {
        outer_->set_exception(std::make_exception_ptr(Cancelled{}));
    } else if (first_failure_) {
        outer_->set_exception(first_failure_);
    } else {
        give_results();
    }
}

}  // namespace girin::detail
