#include "worker/serving/deadlines.hpp"

namespace girin {

void DeadlineQueue::start(Deadline& deadline) {
    if (length_ <= Duration::zero()) return deadline.stop();
    deadline.ends_ = loop_.time() + length_;
    if (deadline.queue_ != this || !deadline.is_linked()) enqueue(deadline);
}

void DeadlineQueue::enqueue(Deadline& deadline) {
    if (deadline.is_linked()) deadline.unlink();
    deadline.queue_ = this;
    queued_.push_back(deadline);
    if (!is_armed()) loop_.arm(*this, loop_.time() + length_ / 4);
}

void DeadlineQueue::run() {
    List ended;
    for (auto next = queued_.begin(); next != queued_.end();) {
        Deadline& deadline = *next++;
        if (deadline.ends_ > loop_.time() && deadline.is_running()) continue;
        deadline.unlink();
        if (deadline.is_running()) ended.push_back(deadline);
    }
    if (!queued_.empty()) loop_.arm(*this, loop_.time() + length_ / 4);
    // One that ends may start, stop or destroy others.
    while (!ended.empty()) {
        Deadline& deadline = ended.front();
        ended.pop_front();
        if (!deadline.is_running()) continue;
        if (deadline.ends_ > loop_.time()) {
            enqueue(deadline);
            continue;
        }
        deadline.stop();
        deadline.on_deadline();
    }
}

}  // namespace girin
