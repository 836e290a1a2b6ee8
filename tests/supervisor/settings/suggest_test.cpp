// Suggestions for names that don't exist.

#include "supervisor/settings/suggest.hpp"

#include <gtest/gtest.h>

namespace girin {
namespace {

TEST(Suggest, CountsEdits) {
    EXPECT_EQ(edit_distance("", ""), 0u);
    EXPECT_EQ(edit_distance("bind", "bind"), 0u);
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    EXPECT_EQ(edit_distance("worker", "workers"), 1u);
    EXPECT_EQ(edit_distance("bnid", "bind"), 1u);
    EXPECT_EQ(edit_distance("wokrer", "workers"), 2u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Suggest, TakesTheNearestWithinReach) {
    const std::vector<std::string> known = {"workers", "worker-connections", "bind", "backlog"};
    EXPECT_EQ(nearest_name("wrokers", known, 2), "workers");
    EXPECT_EQ(nearest_name("blind", known, 1), "bind");
    EXPECT_EQ(nearest_name("quux", known, 1), "");
    EXPECT_EQ(nearest_name("", known, 9), "");
    EXPECT_EQ(nearest_name(std::string(100'000, 'x'), known, 99), "");
}

TEST(Suggest, TakesTheShortestThatIsBegun) {
    const std::vector<std::string> known = {"worker-connections", "workers", "soak"};
    EXPECT_EQ(nearest_name("work", known, 2), "workers");
    EXPECT_EQ(nearest_name("worker-", known, 2), "worker-connections");
    EXPECT_EQ(nearest_name("w", known, 0), "");
}

}  // namespace
}  // namespace girin
