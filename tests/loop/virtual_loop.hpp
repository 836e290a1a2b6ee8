#pragma once

// VirtualLoop: an event loop whose clock is a number. It never waits: with nothing ready it jumps to the next
// deadline, and with nothing armed either it reports the hang that a real loop would be. So hours of timers pass in
// microseconds, and two runs of a test are alike.

#include <stdexcept>

#include "girin/loop/event_loop.hpp"
#include "girin/loop/task.hpp"

namespace girin::test {

/// The loop would have waited for ever.
class Hang : public std::logic_error {
  public:
    Hang() : std::logic_error("nothing is ready and nothing is armed: the loop would wait for ever") {}
};

class VirtualLoop final : public EventLoop {
  public:
    VirtualLoop() = default;
    ~VirtualLoop() override;

    /// As if a callback took so long: the loop sees it from its next turn on.
    void advance(Duration duration) { now_ += duration; }
    /// `runnable` is queued by the next wait, as what I/O completed.
    void complete_io(Runnable& runnable) { io_.push_back(runnable); }
    /// What has passed since the loop was made.
    Duration elapsed() const { return now_ - kStart; }
    TimePoint now() const override { return now_; }

  private:
    static constexpr TimePoint kStart{std::chrono::hours(1)};

    void select(std::optional<TimePoint> until) override;
    void wake_up() noexcept override { woken_ = true; }

    TimePoint now_ = kStart;
    RunnableList io_;
    bool woken_ = false;
};

/// A Runnable that calls a function.
template <class F>
class Call final : public Runnable {
  public:
    explicit Call(F function) : function_(std::move(function)) {}
    void run() override { function_(); }

  private:
    F function_;
};

/// Runs `body(args...)`, a coroutine function, as the main task of a loop of its own.
template <class Body, class... Args>
auto run_virtually(Body body, Args&&... args) {
    VirtualLoop loop;
    return loop.run_until_complete(body(std::forward<Args>(args)...));
}

}  // namespace girin::test
