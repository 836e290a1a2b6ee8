// The report tells every class of loss by name, in the table and in JSON.

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/load/report.hpp"

namespace girin::load {
namespace {

LoadTotals one_of_each() {
    LoadTotals totals;
    for (std::size_t i = 0; i < kOutcomes; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        totals.add(outcome, std::chrono::milliseconds(1'500), std::chrono::milliseconds(3), "why \"so\"");
    }
    return totals;
}

TEST(Report, NamesEveryOutcomeInTheTable) {
    const std::string table = to_table(one_of_each());
    for (std::size_t i = 0; i < kOutcomes; ++i) {
        EXPECT_NE(table.find(name_of(static_cast<Outcome>(i))), std::string::npos) << i;
    }
    EXPECT_NE(table.find("losses                       9"), std::string::npos) << table;
}

TEST(Report, IsJsonThatCanBeRead) {
    const auto json = boost::json::parse(to_json(one_of_each())).as_object();
    EXPECT_EQ(json.at("losses").to_number<int>(), 9);
    EXPECT_EQ(json.at("outcomes").as_object().at("raced close").to_number<int>(), 1);
    EXPECT_EQ(json.at("timeline").as_array().at(1).as_object().at("losses").to_number<int>(), 9);
    EXPECT_EQ(json.at("first_losses").as_array().front().as_object().at("detail").as_string(), "why \"so\"");
    EXPECT_NEAR(json.at("latency_ms").as_object().at("p50").as_double(), 3.0, 0.2);
}

}  // namespace
}  // namespace girin::load
