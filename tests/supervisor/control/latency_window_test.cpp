// Latencies from histograms: quantiles within and beyond the bounds, and a window that forgets.

#include "supervisor/monitor/latency_window.hpp"

#include <algorithm>
#include <initializer_list>

#include <gtest/gtest.h>

namespace girin {
namespace {

LatencyHistogram counts(std::initializer_list<std::uint64_t> first) {
    LatencyHistogram histogram{};
    std::copy(first.begin(), first.end(), histogram.begin());
    return histogram;
}

TEST(LatencyQuantiles, AreNoneWithoutRequests) { EXPECT_FALSE(quantiles_of({})); }

TEST(LatencyQuantiles, AreSpreadEvenlyWithinABucket) {
    const auto found = quantiles_of(counts({100}));  // all within the first millisecond
    ASSERT_TRUE(found);
    EXPECT_DOUBLE_EQ(found->p50_s, 0.0005);
    EXPECT_DOUBLE_EQ(found->p99_s, 0.00099);
}

TEST(LatencyQuantiles, FindTheBucketOfTheSlowOnes) {
    const auto found = quantiles_of(counts({90, 0, 0, 0, 0, 10}));  // ten between 20 and 50 ms
    ASSERT_TRUE(found);
    EXPECT_LT(found->p50_s, 0.001);
    EXPECT_DOUBLE_EQ(found->p99_s, 0.020 + 0.030 * 0.9);
}

TEST(LatencyQuantiles, BeyondTheLastBoundAreTheBound) {
    LatencyHistogram histogram{};
    histogram.back() = 3;
    EXPECT_DOUBLE_EQ(quantiles_of(histogram)->p50_s, 30);
}

TEST(LatencyWindow, TellsOfWhatCameBetweenItsLooks) {
    LatencyWindow window;
    window.look(counts({1000}));
    EXPECT_FALSE(window.quantiles()) << "from when these are isn't known";
    window.look(counts({1000, 0, 10}));
    ASSERT_TRUE(window.quantiles());
    EXPECT_GT(window.quantiles()->p50_s, 0.002);
}

TEST(LatencyWindow, ForgetsWhatIsOlderThanItsLooks) {
    LatencyWindow window;
    window.look(counts({0}));
    for (std::size_t i = 0; i < LatencyWindow::kLooks; ++i) window.look(counts({0, 0, 7}));
    EXPECT_TRUE(window.quantiles());
    window.look(counts({0, 0, 7}));
    EXPECT_FALSE(window.quantiles());
}

TEST(LatencyWindow, BeginsAnewWithAnotherWorker) {
    LatencyWindow window;
    window.look(counts({0}));
    window.look(counts({0, 0, 7}));
    window.look(counts({1}));
    ASSERT_TRUE(window.quantiles());
    EXPECT_LT(window.quantiles()->p99_s, 0.001);
    window.begin_anew();
    EXPECT_FALSE(window.quantiles());
    window.look(counts({9, 0, 1}));
    ASSERT_TRUE(window.quantiles());
    EXPECT_GT(window.quantiles()->p99_s, 0.002);
}

}  // namespace
}  // namespace girin
