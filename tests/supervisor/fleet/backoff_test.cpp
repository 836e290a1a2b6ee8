#include <gtest/gtest.h>

#include "supervisor/fleet/fleet_backoff.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, TriesAtOnceAfterTheFirstFailure) {
    std::mt19937_64 random(1);
    EXPECT_EQ(backoff_delay(1, FleetOptions(), random), 0s);
}

TEST(Backoff, DoublesWithEachFailureLessAQuarterAtMost) {
    std::mt19937_64 random(1);
    const Duration full[] = {500ms, 1s, 2s, 4s, 8s, 16s};
    for (int i = 0; i < 6; ++i) {
        const Duration delay = backoff_delay(i + 2, FleetOptions(), random);
        EXPECT_LE(delay, full[i]);
        EXPECT_GE(delay, full[i] * 3 / 4);
    }
}

TEST(Backoff, NeverExceedsItsCap) {
    std::mt19937_64 random(1);
    for (int failures = 2; failures < 2000; failures += 7) {
        EXPECT_LE(backoff_delay(failures, FleetOptions(), random), 30s);
    }
}

TEST(Backoff, DiffersBetweenPlaces) {
    std::mt19937_64 random(1);
    EXPECT_NE(backoff_delay(9, FleetOptions(), random), backoff_delay(9, FleetOptions(), random));
}

TEST(Backoff, IsTheSameForTheSameSeed) {
    std::mt19937_64 one(7);
    std::mt19937_64 other(7);
    EXPECT_EQ(backoff_delay(9, FleetOptions(), one), backoff_delay(9, FleetOptions(), other));
}

TEST(TokenBucket, GivesItsBurstAndThenItsRate) {
    const TimePoint start{1h};
    TokenBucket bucket(3, 2);
    EXPECT_TRUE(bucket.take(start));
    EXPECT_TRUE(bucket.take(start));
    EXPECT_TRUE(bucket.take(start));
    EXPECT_FALSE(bucket.take(start));
    EXPECT_FALSE(bucket.take(start + 400ms));
    EXPECT_TRUE(bucket.take(start + 600ms));
}

TEST(TokenBucket, KeepsWhatTicklingDoesNotTake) {
    TimePoint now{1h};
    TokenBucket bucket(1, 1);
    EXPECT_TRUE(bucket.take(now));
    for (int i = 0; i < 999; ++i) EXPECT_FALSE(bucket.take(now += 1ms));
    EXPECT_TRUE(bucket.take(now + 2ms));
}

TEST(TokenBucket, TellsATimeAtWhichItGives) {
    const TimePoint start{1h};
    TokenBucket bucket(1, 3);
    EXPECT_EQ(bucket.next_at(start), start);
    EXPECT_TRUE(bucket.take(start));
    const TimePoint next = bucket.next_at(start);
    EXPECT_GT(next, start);
    EXPECT_TRUE(bucket.take(next));
}

TEST(TokenBucket, NeverHoldsMoreThanItsBurst) {
    const TimePoint start{1h};
    TokenBucket bucket(2, 100);
    EXPECT_TRUE(bucket.take(start + 10h));
    EXPECT_TRUE(bucket.take(start + 10h));
    EXPECT_FALSE(bucket.take(start + 10h));
}

}  // namespace
}  // namespace girin
