#include "worker/deadlines.hpp"

namespace girin {

void DeadlineQueue::start(Deadline& deadline) {
    deadline.stop();
    if (length_ <= Duration::zero()) return;
    deadline.ends_ = loop_.time() + length_;
    running_.push_back(deadline);
    if (!is_armed()) loop_.arm(*this, deadline.ends_);
}

void DeadlineQueue::run() {
    while (!running_.empty() && running_.front().ends_ <= loop_.time()) {
        Deadline& over = running_.front();
        running_.pop_front();
        over.on_deadline();
    }
    if (!running_.empty()) loop_.arm(*this, running_.front().ends_);
}

}  // namespace girin
