#pragma once

// Event: tells any number of tasks that something has happened, as asyncio.Event.

#include "girin/loop/sync/wait_queue.hpp"

namespace girin {

class Event {
  public:
    class [[nodiscard]] WaitAwaiter final : public detail::Waiter {
      public:
        explicit WaitAwaiter(Event& event) : event_(event) {}
        WaitAwaiter(WaitAwaiter&&) = default;

        bool await_ready() const noexcept { return event_.is_set(); }
        bool await_suspend(std::coroutine_handle<> awaiting) { return enqueue(event_.waiters_, awaiting); }
        void await_resume();

      private:
        Event& event_;
    };

    Event() = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    bool is_set() const { return set_; }
    /// Wakes all who wait; a clear() right after takes none of it back.
    void set() {
        set_ = true;
        waiters_.wake_all();
    }
    void clear() { set_ = false; }
    /// Doesn't suspend when it is set.
    WaitAwaiter wait() { return WaitAwaiter(*this); }

  private:
    bool set_ = false;
    detail::WaitQueue waiters_;
};

}  // namespace girin
