// LatencyHistogram: quantiles within 4 %, whatever the size of the value.

#include <gtest/gtest.h>

#include "tests/load/latency_histogram.hpp"

namespace girin::load {
namespace {

using std::chrono::microseconds;

TEST(LatencyHistogram, IsEmptyAtFirst) {
    const LatencyHistogram histogram;
    EXPECT_EQ(histogram.quantile(0.5), Duration{0});
    EXPECT_EQ(histogram.max(), Duration{0});
}

TEST(LatencyHistogram, FindsQuantilesWithinFourPercent) {
    for (const long scale : {1, 10, 1'000, 1'000'000}) {
        LatencyHistogram histogram;
        for (long i = 1; i <= 1'000; ++i) histogram.add(microseconds(i * scale));
        for (const double share : {0.01, 0.5, 0.9, 0.99}) {
            const double truth = share * 1e3 * static_cast<double>(scale);
            const double told = std::chrono::duration<double, std::micro>(histogram.quantile(share)).count();
            EXPECT_GE(told, truth * 0.999) << share << " of " << scale;
            EXPECT_LE(told, truth * 1.04 + 1) << share << " of " << scale;
        }
        EXPECT_EQ(histogram.quantile(1), microseconds(1'000 * scale));
    }
}

TEST(LatencyHistogram, BoundsWhatItIsGiven) {
    LatencyHistogram histogram;
    histogram.add(Duration{-5});
    histogram.add(std::chrono::hours{100});
    EXPECT_EQ(histogram.count(), 2u);
    EXPECT_EQ(histogram.quantile(0.1), Duration{0});
    EXPECT_EQ(histogram.max(), std::chrono::hours{100});
}

}  // namespace
}  // namespace girin::load
