#include "girin/loop/sync/queue.hpp"

#include "girin/loop/event_loop.hpp"

namespace girin::detail {

void QueueBase::task_done() {
    if (unfinished_ == 0) throw LoopError("task_done() is called once for each item that was put");
    if (--unfinished_ == 0) finished_.set();
}

void QueueBase::note_put() {
    ++unfinished_;
    finished_.clear();
    getters_.wake_one();
}

void QueueBase::note_dropped(std::size_t items) {
    unfinished_ -= std::min(items, unfinished_);  // task_done() may have been called for some before they were taken
    if (unfinished_ == 0) finished_.set();
}

void QueueBase::begin_shutdown() {
    shut_down_ = true;
    getters_.wake_all();  // to see it
    putters_.wake_all();
}

void QueueBase::pass_on(bool others_may_go, WaitQueue& others) {
    if (others_may_go) others.wake_one();
    throw Cancelled{};
}

}  // namespace girin::detail
