#include "girin/run/exit_code.hpp"

#include <gtest/gtest.h>

namespace girin {
namespace {

TEST(ExitCodes, AreListedInOrderFromZero) {
    int expected = 0;
    for (const ExitCodeMeaning& row : exit_codes()) EXPECT_EQ(static_cast<int>(row.code), expected++);
    EXPECT_EQ(expected, 5);
}

TEST(ExitCodes, AreExplainedInOneSentenceEach) {
    for (const ExitCodeMeaning& row : exit_codes()) {
        EXPECT_FALSE(row.name.empty());
        ASSERT_FALSE(row.meaning.empty());
        EXPECT_EQ(row.meaning.back(), '.');
        EXPECT_EQ(row.meaning.find(". "), std::string_view::npos);
    }
}

}  // namespace
}  // namespace girin
