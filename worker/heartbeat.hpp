#pragma once

// Heartbeat: writes into the scoreboard where the loop is. Two clock-free stores a turn, and a timer so that an idle
// loop turns too; a loop that is stuck writes nothing, which is what the master looks for.

#include "loop/event_loop.hpp"
#include "worker/scoreboard.hpp"

namespace girin {

class Heartbeat final : public TurnObserver, private Timer {
  public:
    static constexpr Duration kInterval = Duration(kIdleTickNs);

    Heartbeat(EventLoop& loop, ScoreboardSlot& slot) : loop_(loop), slot_(slot) {
        loop_.set_turn_observer(this);
        run();
    }
    ~Heartbeat() { loop_.set_turn_observer(nullptr); }

    void turn_began(TimePoint now) noexcept override {
        const std::int64_t now_ns = std::chrono::nanoseconds(now.time_since_epoch()).count();
        slot_.turns.store(slot_.turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        slot_.last_tick_ns.store(now_ns, std::memory_order_relaxed);
        slot_.callback_start_ns.store(now_ns, std::memory_order_relaxed);
    }
    void turn_ended() noexcept override { slot_.callback_start_ns.store(0, std::memory_order_relaxed); }

  private:
    void run() override { loop_.arm(*this, loop_.time() + kInterval); }

    EventLoop& loop_;
    ScoreboardSlot& slot_;
};

}  // namespace girin
