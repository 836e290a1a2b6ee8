#pragma once

// Heartbeat: writes into the scoreboard where the loop is and how busy. A few stores and one look at the clock a turn,
// and a timer so that an idle loop turns too; a loop that is stuck writes nothing, which is what the master looks for.

#include <algorithm>
#include <utility>

#include "girin/loop/event_loop.hpp"
#include "worker/process/scoreboard.hpp"

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
        began_ = now;
    }
    void turn_ended() noexcept override {
        const std::int64_t took_ns = std::chrono::nanoseconds(Clock::now() - began_).count();
        const std::uint64_t busy_ns = slot_.busy_ns.load(std::memory_order_relaxed);
        slot_.busy_ns.store(busy_ns + static_cast<std::uint64_t>(took_ns), std::memory_order_relaxed);
        longest_ns_ = std::max(longest_ns_, took_ns);
        slot_.callback_start_ns.store(0, std::memory_order_relaxed);
    }

  private:
    void run() override {
        slot_.lag_ns.store(std::exchange(longest_ns_, 0), std::memory_order_relaxed);
        loop_.arm(*this, loop_.time() + kInterval);
    }

    EventLoop& loop_;
    ScoreboardSlot& slot_;
    TimePoint began_ = Clock::now();
    std::int64_t longest_ns_ = 0;  // since the last beat
};

}  // namespace girin
