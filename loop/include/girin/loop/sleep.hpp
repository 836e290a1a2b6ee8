#pragma once

// Waiting for time to pass, and giving way.

#include "girin/base/clock.hpp"
#include "girin/loop/delay.hpp"
#include "girin/loop/suspension.hpp"
#include "girin/loop/timer_heap.hpp"

namespace girin {

/// `co_await sleep_until(t)`. A time that has passed gives way for one turn.
class [[nodiscard]] SleepAwaiter final : public Suspension {
  public:
    explicit SleepAwaiter(TimePoint until) : until_(until), alarm_(*this) {}
    SleepAwaiter(SleepAwaiter&& unawaited) noexcept
        : Suspension(std::move(unawaited)), until_(unawaited.until_), alarm_(*this) {}

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting);
    void await_resume();

  private:
    class Alarm final : public Timer {
      public:
        explicit Alarm(SleepAwaiter& owner) : owner_(owner) {}
        void run() override { static_cast<Runnable&>(owner_).run(); }

      private:
        SleepAwaiter& owner_;
    };

    bool request_cancel() override;

    TimePoint until_;
    Alarm alarm_;
    bool cancelled_ = false;
};

/// Cancel: raised at once; nothing is left armed.
SleepAwaiter sleep_until(TimePoint when);
/// Zero or less: other tasks that are ready run first. Errors: LoopError when no loop runs.
SleepAwaiter sleep_for(Delay duration);

}  // namespace girin
