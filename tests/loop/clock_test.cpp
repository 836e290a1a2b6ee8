#include "girin/base/clock.hpp"

#include <gtest/gtest.h>

namespace girin::test {
namespace {

using namespace std::chrono_literals;

TEST(ClockText, HasAUnitThatFitsAndNoExponent) {
    EXPECT_EQ(to_text(49us), "49 us");
    EXPECT_EQ(to_text(999'400ns), "999 us");
    EXPECT_EQ(to_text(999'600ns), "1 ms");
    EXPECT_EQ(to_text(1'230us), "1.23 ms");
    EXPECT_EQ(to_text(999'400us), "999 ms");
    EXPECT_EQ(to_text(999'700us), "1 s");  // it was "1e+03 ms"
    EXPECT_EQ(to_text(30s), "30 s");
    EXPECT_EQ(to_text(119'900ms), "120 s");
    EXPECT_EQ(to_text(5min), "5 min");
}

}  // namespace
}  // namespace girin::test
