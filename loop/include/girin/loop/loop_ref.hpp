#pragma once

// What may outlive its loop, and how it knows. LoopRef: a reference that is empty once the loop is gone, for futures and
// their like. LoopResident: what holds a place in the loop's reactor, and is told to give it up.

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <cstdint>

namespace girin {

class EventLoop;

namespace detail {

/// In a forked child no loop runs.
void forget_running_loop() noexcept;

/// Where a loop is found while it lives. Never freed, but used again by later loops: there are as many as loops have
/// lived at once.
struct LoopSlot {
    std::atomic<EventLoop*> loop = nullptr;
    std::atomic<std::uint32_t> term = 0;  // one more with each loop that is gone
    LoopSlot* next_free = nullptr;
};

}  // namespace detail

/// Copies freely, counts nothing. Threads: any may ask; the answer holds where the loop can't be destroyed meanwhile.
class LoopRef {
  public:
    LoopRef() = default;
    /// For the loop itself.
    static LoopRef enter(EventLoop& loop);
    void leave() const noexcept;

    /// Null once the loop's destructor has begun to end.
    EventLoop* get() const noexcept {
        if (slot_->term.load(std::memory_order_acquire) != term_) return nullptr;
        return slot_->loop.load(std::memory_order_relaxed);
    }

  private:
    detail::LoopSlot* slot_ = nullptr;
    std::uint32_t term_ = 0;
};

/// Stands in the loop's list until it is destroyed, or the loop is.
class LoopResident
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    LoopResident(const LoopResident&) = delete;
    LoopResident& operator=(const LoopResident&) = delete;

    /// The loop is being destroyed: its tasks are gone, its reactor still stands.
    virtual void on_loop_gone() noexcept = 0;

  protected:
    explicit LoopResident(EventLoop& loop);
    ~LoopResident() = default;
};

using LoopResidents = boost::intrusive::list<LoopResident, boost::intrusive::constant_time_size<false>>;

}  // namespace girin
