// Since when a worker's silence counts.

#include "supervisor/health/heartbeat_watch.hpp"

#include <gtest/gtest.h>

namespace girin {
namespace {

using namespace std::chrono_literals;

class HeartbeatWatchTest : public testing::Test {
  protected:
    void tick(TimePoint at) { line_.last_tick_ns = at.time_since_epoch() / 1ns; }
    void call_back(TimePoint at) { line_.callback_start_ns = at.time_since_epoch() / 1ns; }
    TimePoint silent_since(TimePoint ready_since) const { return watch_.silent_since(line_, ready_since); }

    const TimePoint start_ = TimePoint(1000s);
    ScoreboardSlot line_{};
    HeartbeatWatch watch_;
};

TEST_F(HeartbeatWatchTest, ExpectsALoopThatWaitsToTurnNowAndThen) {
    tick(start_);
    EXPECT_EQ(silent_since(start_), start_ + Duration(kIdleTickNs));
}

TEST_F(HeartbeatWatchTest, CountsFromTheCallbacksStart) {
    tick(start_);
    call_back(start_ + 10s);
    EXPECT_EQ(silent_since(start_), start_ + 10s);
}

TEST_F(HeartbeatWatchTest, TakesReadinessForASignOfLife) {
    tick(start_);
    EXPECT_EQ(silent_since(start_ + 60s), start_ + 60s);
}

TEST_F(HeartbeatWatchTest, ForgivesWhenTheMasterItselfWasLate) {
    tick(start_);
    watch_.on_turn(start_ + 60s, start_ + 1s, 0s);
    EXPECT_EQ(silent_since(start_), start_ + 60s);
}

TEST_F(HeartbeatWatchTest, ForgivesAfterASuspend) {
    tick(start_);
    watch_.on_turn(start_, start_, 5s);
    watch_.on_turn(start_ + 31s, start_ + 31s, 4000s);
    EXPECT_EQ(silent_since(start_), start_ + 31s);
}

TEST_F(HeartbeatWatchTest, ForgivesNothingWhenTheMasterWasOnTime) {
    tick(start_);
    watch_.on_turn(start_ + 10s, start_ + 10s, 5s);
    watch_.on_turn(start_ + 31s, start_ + 31s, 5s);
    EXPECT_EQ(silent_since(start_), start_ + Duration(kIdleTickNs));
}

}  // namespace
}  // namespace girin
