// Numbers as people read them, and text that any JSON reader takes.

#include "supervisor/monitor/json_text.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <cmath>

namespace girin::test {
namespace {

TEST(JsonText, WritesNumbersWithoutExponents) {
    EXPECT_EQ(json_text(20.1), "20.1");
    EXPECT_EQ(json_text(0.002), "0.002");
    EXPECT_EQ(json_text(0.0), "0");
    EXPECT_EQ(json_text(-1234567.5), "-1234567.5");
    EXPECT_EQ(json_text(3), "3");
    EXPECT_EQ(json_text(std::nan("")), "null");
    EXPECT_EQ(json_text(1e300), "1e+300");
}

TEST(JsonText, WritesWhatReadsBackTheSame) {
    const std::string text = R"({"a":[1,-2,2.5,true,null,"q\"\\\n"],"b":{},"c\"":[],"d":{"e":[[0.001]]}})";
    EXPECT_EQ(json_text(boost::json::parse(text)), text);
}

}  // namespace
}  // namespace girin::test
