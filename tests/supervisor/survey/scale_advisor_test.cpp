// When more workers are wanted, when fewer, and that a steady load isn't answered up and down.

#include "supervisor/survey/scale_advisor.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace girin {
namespace {

using namespace std::chrono_literals;

const TimePoint kStart = TimePoint(1000s);

ScaleOptions range(std::size_t least, std::size_t most) {
    ScaleOptions options;
    options.least = least;
    options.most = most;
    return options;
}

/// A server with so many workers' worth of work, looked at each second.
class Scaled {
  public:
    Scaled(const ScaleOptions& options, std::size_t count) : advisor(options), workers(count) {}

    void run(Duration time, double work) {
        for (const TimePoint end = now + time; now < end; now += 1s) {
            const double share = std::min(work / static_cast<double>(workers), 1.0);
            const auto step = advisor.look(LoadSample(workers, share, 0), now);
            if (!step) continue;
            ++(step->workers > workers ? ups : downs);
            workers = step->workers;
            EXPECT_GE(workers, advisor.options().least);
            EXPECT_LE(workers, advisor.options().most);
        }
    }

    ScaleAdvisor advisor;
    std::size_t workers;
    TimePoint now = kStart;
    int ups = 0;
    int downs = 0;
};

TEST(ScaleAdvisor, IsNotNeededForAFixedNumber) {
    EXPECT_FALSE(ScaleAdvisor(range(4, 4)).is_needed());
    EXPECT_TRUE(ScaleAdvisor(range(4, 5)).is_needed());
}

TEST(ScaleAdvisor, AddsWorkersWhenLoopsAreBusy) {
    ScaleAdvisor advisor(range(2, 8));
    EXPECT_FALSE(advisor.look(LoadSample(2, 0.95, 0), kStart)) << "one look is a moment";
    const auto step = advisor.look(LoadSample(2, 0.95, 0), kStart + 1s);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->workers, 3U);
    EXPECT_EQ(step->reason, "loops are busy 95 % of the time");
}

TEST(ScaleAdvisor, AddsWorkersWhenConnectionsWait) {
    ScaleAdvisor advisor(range(2, 8));
    EXPECT_FALSE(advisor.look(LoadSample(4, 0.1, 4), kStart));
    const auto step = advisor.look(LoadSample(4, 0.1, 300), kStart + 1s);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->workers, 6U);
    EXPECT_EQ(step->reason, "loops are busy 10 % of the time, 300 connections wait");
}

TEST(ScaleAdvisor, ForgetsAMomentOfLoad) {
    ScaleAdvisor advisor(range(2, 8));
    for (int round = 0; round < 10; ++round) {
        EXPECT_FALSE(advisor.look(LoadSample(2, 1, 90), kStart + 2s * round));
        EXPECT_FALSE(advisor.look(LoadSample(2, 0.6, 1), kStart + 2s * round + 1s));
    }
    EXPECT_FALSE(advisor.look(LoadSample(2, 1, 0), kStart + 20s));
    advisor.interrupt();
    EXPECT_FALSE(advisor.look(LoadSample(2, 1, 0), kStart + 21s));
}

TEST(ScaleAdvisor, LetsAStepShowItsEffect) {
    ScaleAdvisor advisor(range(1, 8));
    EXPECT_FALSE(advisor.look(LoadSample(1, 1, 0), kStart));
    ASSERT_TRUE(advisor.look(LoadSample(1, 1, 0), kStart + 1s));
    EXPECT_FALSE(advisor.look(LoadSample(2, 1, 0), kStart + 2s));
    EXPECT_FALSE(advisor.look(LoadSample(2, 1, 0), kStart + 3s));
    EXPECT_TRUE(advisor.look(LoadSample(2, 1, 0), kStart + 4s));
}

TEST(ScaleAdvisor, TakesWorkersAwaySlowly) {
    Scaled server(range(2, 8), 8);
    server.run(30s, 0.1);
    EXPECT_EQ(server.workers, 8U);
    server.run(1s, 0.1);
    EXPECT_EQ(server.workers, 7U);
    server.run(8s, 0.1);
    EXPECT_EQ(server.workers, 6U) << "while it goes on the next follows sooner";
    server.run(5min, 0.1);
    EXPECT_EQ(server.workers, 2U);
}

TEST(ScaleAdvisor, KeepsToItsRange) {
    Scaled server(range(2, 4), 2);
    server.run(1min, 100);
    EXPECT_EQ(server.workers, 4U);
    Scaled too_few(range(3, 5), 1);
    too_few.run(1s, 0);
    EXPECT_EQ(too_few.workers, 3U);
    Scaled too_many(range(3, 5), 9);
    too_many.run(1s, 0);
    EXPECT_EQ(too_many.workers, 5U);
}

TEST(ScaleAdvisor, AnswersASteadyLoadOnce) {
    for (double work = 0; work < 20; work += 0.07) {
        for (const std::size_t workers : {1U, 7U, 16U}) {
            Scaled server(range(1, 16), workers);
            server.run(20min, work);
            const int steps = server.ups + server.downs;
            server.run(1h, work);
            EXPECT_EQ(server.ups + server.downs, steps) << work << " workers' worth of work, from " << workers;
            EXPECT_LT(std::min(work, 12.0), 0.81 * static_cast<double>(server.workers));
            EXPECT_TRUE(server.ups == 0 || server.downs <= 1) << work << " from " << workers;
        }
    }
}

TEST(ScaleAdvisor, FollowsAnOperatorsMinimum) {
    ScaleAdvisor advisor(range(2, 4));
    EXPECT_EQ(advisor.move_least(1), 3U);
    const auto step = advisor.look(LoadSample(2, 0, 0), kStart);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->workers, 3U);
    EXPECT_EQ(advisor.move_least(5), 4U);
    EXPECT_TRUE(advisor.is_needed()) << "the range is still there";
    EXPECT_EQ(advisor.move_least(-50), 1U);
}

TEST(BusyMeter, TellsTheShareBetweenTwoLooks) {
    BusyMeter meter;
    EXPECT_EQ(meter.share(3, kStart, 5s, kStart + 10s), std::nullopt);
    EXPECT_DOUBLE_EQ(meter.share(3, kStart, 6s, kStart + 12s).value(), 0.5);
    EXPECT_DOUBLE_EQ(meter.share(3, kStart, 6s, kStart + 13s).value(), 0);
    EXPECT_DOUBLE_EQ(meter.share(3, kStart, 9s, kStart + 14s).value(), 1) << "clocks differ a little";
    EXPECT_EQ(meter.share(3, kStart + 14s, 0s, kStart + 15s), std::nullopt) << "another worker";
    EXPECT_EQ(meter.share(4, kStart, 9s, kStart + 15s), std::nullopt);
}

}  // namespace
}  // namespace girin
