// When silence is a worker's fault, and when it isn't.

#include "supervisor/heartbeat_watch.hpp"

#include <gtest/gtest.h>

namespace girin {
namespace {

using namespace std::chrono_literals;

class HeartbeatWatchTest : public testing::Test {
  protected:
    void tick(TimePoint at) { line_.last_tick_ns = at.time_since_epoch() / 1ns; }

    const TimePoint start_ = TimePoint(1000s);
    ScoreboardSlot line_{};
    HeartbeatWatch watch_{30s};
};

TEST_F(HeartbeatWatchTest, FindsAWorkerSilentForLongerThanItsTimeout) {
    tick(start_);
    EXPECT_FALSE(watch_.is_silent(line_, start_, start_ + 30s));
    EXPECT_TRUE(watch_.is_silent(line_, start_, start_ + 31s));
    tick(start_ + 20s);
    EXPECT_FALSE(watch_.is_silent(line_, start_, start_ + 31s));
}

TEST_F(HeartbeatWatchTest, TakesReadinessForASignOfLife) {
    tick(start_);
    EXPECT_FALSE(watch_.is_silent(line_, start_ + 60s, start_ + 80s));
}

TEST_F(HeartbeatWatchTest, ForgivesWhenTheMasterItselfWasLate) {
    tick(start_);
    watch_.on_turn(start_ + 60s, start_ + 1s, 0s);
    EXPECT_FALSE(watch_.is_silent(line_, start_, start_ + 60s));
    EXPECT_FALSE(watch_.is_silent(line_, start_, start_ + 90s));
    EXPECT_TRUE(watch_.is_silent(line_, start_, start_ + 91s));
}

TEST_F(HeartbeatWatchTest, ForgivesAfterASuspend) {
    tick(start_);
    watch_.on_turn(start_, start_, 5s);
    watch_.on_turn(start_ + 31s, start_ + 31s, 4000s);
    EXPECT_FALSE(watch_.is_silent(line_, start_, start_ + 31s));
}

TEST_F(HeartbeatWatchTest, ForgivesNothingWhenTheMasterWasOnTime) {
    tick(start_);
    watch_.on_turn(start_ + 10s, start_ + 10s, 5s);
    watch_.on_turn(start_ + 31s, start_ + 31s, 5s);
    EXPECT_TRUE(watch_.is_silent(line_, start_, start_ + 31s));
}

TEST_F(HeartbeatWatchTest, JudgesNobodyWithoutATimeout) {
    const HeartbeatWatch off(0s);
    EXPECT_FALSE(off.is_silent(line_, start_, start_ + 9999s));
    EXPECT_EQ(off.interval(), 0s);
}

}  // namespace
}  // namespace girin
