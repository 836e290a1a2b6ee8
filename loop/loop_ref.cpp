#include "girin/loop/loop_ref.hpp"

#include <mutex>

#include "girin/loop/event_loop.hpp"

namespace girin {
namespace {

std::mutex g_mutex;
detail::LoopSlot* g_free = nullptr;  // under g_mutex

detail::LoopSlot* take_slot() {
    const std::lock_guard lock(g_mutex);
    if (g_free == nullptr) return new detail::LoopSlot;
    detail::LoopSlot* const slot = g_free;
    g_free = slot->next_free;
    return slot;
}

}  // namespace

LoopRef LoopRef::enter(EventLoop& loop) {
    LoopRef ref;
    ref.slot_ = take_slot();
    ref.slot_->loop = &loop;
    ref.term_ = ref.slot_->term;
    return ref;
}

void LoopRef::leave() const noexcept {
    slot_->term.store(term_ + 1, std::memory_order_release);
    slot_->loop = nullptr;
    const std::lock_guard lock(g_mutex);
    slot_->next_free = g_free;
    g_free = slot_;
}

LoopResident::LoopResident(EventLoop& loop) { loop.residents_.push_back(*this); }

}  // namespace girin
