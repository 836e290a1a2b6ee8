#include "supervisor/hooks/hook_queue.hpp"

namespace girin {

bool HookQueue::add(HookOrder order) {
    if (orders_.size() >= limits_.waiting) {
        ++dropped_;
        return false;
    }
    orders_.push_back(std::move(order));
    return true;
}

std::optional<HookOrder> HookQueue::take_next(std::size_t running) {
    if (orders_.empty() || running >= limits_.at_once) return std::nullopt;
    HookOrder next = std::move(orders_.front());
    orders_.pop_front();
    return next;
}

void HookQueue::clear() {
    dropped_ += orders_.size();
    orders_.clear();
}

}  // namespace girin
