// DeadlineQueue in virtual time. A deadline ends never early, and late by a quarter of its length at most.

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "tests/loop/virtual_loop.hpp"
#include "worker/serving/deadlines.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class Probe final : public Deadline {
  public:
    explicit Probe(VirtualLoop& loop, std::function<void()> then = {}) : loop_(loop), then_(std::move(then)) {}
    void on_deadline() override {
        ++times;
        at = loop_.elapsed();
        if (then_) then_();
    }

    int times = 0;
    Duration at{};

  private:
    VirtualLoop& loop_;
    std::function<void()> then_;
};

struct DeadlineQueueTest : testing::Test {
    VirtualLoop loop;
    DeadlineQueue queue{loop, 100ms};

    void run_for(Duration time) {
        loop.call_later(time, [this] { loop.stop(); });
        loop.run_forever();
    }
    static bool in_time(Duration at, Duration due) { return at >= due && at <= due + 25ms; }
};

TEST_F(DeadlineQueueTest, EndsADeadlineOnceAndInTime) {
    Probe probe(loop);
    queue.start(probe);
    EXPECT_TRUE(probe.is_running());
    run_for(99ms);
    EXPECT_EQ(probe.times, 0);
    run_for(1h);
    EXPECT_EQ(probe.times, 1);
    EXPECT_TRUE(in_time(probe.at, 100ms));
    EXPECT_FALSE(probe.is_running());
}

TEST_F(DeadlineQueueTest, CountsAnewFromEachStart) {
    Probe probe(loop);
    for (int i = 0; i < 50; ++i) {
        queue.start(probe);
        run_for(60ms);
    }
    EXPECT_EQ(probe.times, 0);
    run_for(1s);
    EXPECT_TRUE(in_time(probe.at, 49 * 60ms + 100ms));
}

TEST_F(DeadlineQueueTest, ForgetsAStoppedDeadline) {
    Probe probe(loop);
    queue.start(probe);
    probe.stop();
    run_for(1s);
    EXPECT_EQ(probe.times, 0);
    queue.start(probe);
    run_for(1s);
    EXPECT_EQ(probe.times, 1);
}

TEST_F(DeadlineQueueTest, ForgetsADestroyedDeadline) {
    {
        Probe probe(loop);
        queue.start(probe);
    }
    run_for(1s);
}

TEST_F(DeadlineQueueTest, LeavesTheLoopInPeaceOnceNothingRuns) {
    Probe probe(loop);
    queue.start(probe);
    run_for(1s);
    EXPECT_TRUE(loop.timers().empty());
}

TEST_F(DeadlineQueueTest, OfLengthZeroNeverEnds) {
    DeadlineQueue never(loop, Duration::zero());
    Probe probe(loop);
    queue.start(probe);
    never.start(probe);
    EXPECT_FALSE(probe.is_running());
    run_for(1h);
    EXPECT_EQ(probe.times, 0);
}

TEST_F(DeadlineQueueTest, GivesADeadlineUpToAnotherQueue) {
    DeadlineQueue other(loop, 10s);
    Probe probe(loop);
    queue.start(probe);
    other.start(probe);
    run_for(1s);
    EXPECT_EQ(probe.times, 0);
    queue.start(probe);
    run_for(1min);
    EXPECT_EQ(probe.times, 1);
    EXPECT_TRUE(in_time(probe.at, 1100ms));
}

TEST_F(DeadlineQueueTest, LetsADeadlineStartItselfAnew) {
    std::optional<Probe> probe;
    probe.emplace(loop, [&] {
        if (probe->times < 3) queue.start(*probe);
    });
    queue.start(*probe);
    run_for(1s);
    EXPECT_EQ(probe->times, 3);
}

TEST_F(DeadlineQueueTest, LetsADeadlineStopOrDestroyThoseThatEndWithIt) {
    std::optional<Probe> destroyed(std::in_place, loop);
    Probe stopped(loop);
    Probe first(loop, [&] {
        destroyed.reset();
        stopped.stop();
    });
    queue.start(first);
    queue.start(*destroyed);
    queue.start(stopped);
    run_for(1s);
    EXPECT_EQ(first.times, 1);
    EXPECT_EQ(stopped.times, 0);
}

TEST_F(DeadlineQueueTest, LetsADeadlineGiveMoreTimeToOneThatEndsWithIt) {
    Probe spared(loop);
    Probe first(loop, [&] { queue.start(spared); });
    queue.start(first);
    queue.start(spared);
    run_for(1s);
    EXPECT_EQ(spared.times, 1);
    EXPECT_GE(spared.at, first.at + 100ms);
}

}  // namespace
}  // namespace girin::test
