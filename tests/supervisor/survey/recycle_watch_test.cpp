// When a worker is old or large enough to be replaced.

#include "supervisor/survey/recycle_watch.hpp"

#include <unistd.h>

#include <gtest/gtest.h>

#include "supervisor/process/memory.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMega = 1024 * 1024;
const TimePoint kReady = TimePoint(1000s);

RecycleLimits old_after(Duration lifetime, Duration jitter = {}) {
    RecycleLimits limits;
    limits.lifetime = lifetime;
    limits.lifetime_jitter = jitter;
    return limits;
}

RecycleLimits large_over(std::uint64_t bytes) {
    RecycleLimits limits;
    limits.memory_bytes = bytes;
    return limits;
}

TEST(RecycleWatch, NeedsNoLooksWithoutLimits) {
    RecycleWatch watch{RecycleLimits()};
    EXPECT_FALSE(watch.is_needed());
    EXPECT_EQ(watch.look(0, kReady, kReady + 24h, 1000 * kMega), std::nullopt);
}

TEST(RecycleWatch, FindsAWorkerThatIsOldEnough) {
    RecycleWatch watch(old_after(60s));
    EXPECT_TRUE(watch.is_needed());
    EXPECT_EQ(watch.look(0, kReady, kReady + 59s, std::nullopt), std::nullopt);
    const auto why = watch.look(0, kReady, kReady + 60s, std::nullopt);
    ASSERT_TRUE(why);
    EXPECT_EQ(why->find("max-lifetime: "), 0U) << *why;
}

TEST(RecycleWatch, DrawsEachWorkersLifetime) {
    RecycleWatch watch(old_after(60s, 60s), 7);
    std::size_t old_at_90 = 0;
    for (std::size_t slot = 0; slot < 100; ++slot) {
        EXPECT_EQ(watch.look(slot, kReady, kReady + 59s, std::nullopt), std::nullopt);
        old_at_90 += watch.look(slot, kReady, kReady + 90s, std::nullopt).has_value();
        EXPECT_TRUE(watch.look(slot, kReady, kReady + 120s, std::nullopt));
    }
    EXPECT_GT(old_at_90, 25U);
    EXPECT_LT(old_at_90, 75U);
}

TEST(RecycleWatch, GivesThePlacesNextWorkerItsOwnLifetime) {
    RecycleWatch watch(old_after(60s));
    EXPECT_TRUE(watch.look(0, kReady, kReady + 60s, std::nullopt));
    EXPECT_EQ(watch.look(0, kReady + 60s, kReady + 61s, std::nullopt), std::nullopt);
}

TEST(RecycleWatch, FindsAWorkerThatStaysLarge) {
    RecycleWatch watch(large_over(100 * kMega));
    EXPECT_EQ(watch.look(3, kReady, kReady + 1s, 101 * kMega), std::nullopt);
    EXPECT_EQ(watch.look(3, kReady, kReady + 2s, 120 * kMega), std::nullopt);
    const auto why = watch.look(3, kReady, kReady + 3s, 130 * kMega);
    ASSERT_TRUE(why);
    EXPECT_EQ(*why, "max-memory: it holds 130 MiB, more than 100 MiB");
    EXPECT_TRUE(watch.look(3, kReady, kReady + 4s, 130 * kMega)) << "it is told again until it is heard";
}

TEST(RecycleWatch, ForgivesAPeak) {
    RecycleWatch watch(large_over(100 * kMega));
    for (int round = 0; round < 10; ++round) {
        EXPECT_EQ(watch.look(0, kReady, kReady + 1s, 200 * kMega), std::nullopt);
        EXPECT_EQ(watch.look(0, kReady, kReady + 1s, 200 * kMega), std::nullopt);
        EXPECT_EQ(watch.look(0, kReady, kReady + 1s, 90 * kMega), std::nullopt);
    }
    EXPECT_EQ(watch.look(0, kReady, kReady + 1s, 200 * kMega), std::nullopt);
    EXPECT_EQ(watch.look(0, kReady, kReady + 1s, std::nullopt), std::nullopt) << "what can't be read isn't large";
}

TEST(ResidentBytes, AreThoseOfALivingProcess) {
    const auto own = resident_bytes(::getpid());
    ASSERT_TRUE(own);
    EXPECT_GT(*own, kMega / 2);
    EXPECT_LT(*own, kMega * kMega);
    EXPECT_EQ(resident_bytes(-1), std::nullopt);
}

TEST(SizeText, IsShort) {
    EXPECT_EQ(size_text(0), "0 bytes");
    EXPECT_EQ(size_text(10 * kMega), "10 MiB");
    EXPECT_EQ(size_text(9 * kMega), "9216 KiB");
    EXPECT_EQ(size_text(20 * 1024 * kMega), "20 GiB");
}

}  // namespace
}  // namespace girin
