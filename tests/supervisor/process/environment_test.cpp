// Variables that settings put over a process's own, and take off again.

#include "supervisor/process/environment.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

namespace girin {
namespace {

TEST(Environment, IsSetByNameAndValue) {
    Environment environment;
    ASSERT_TRUE(environment.set({"GIRIN_TEST_A=1", "GIRIN_TEST_B=x=y"}));
    EXPECT_STREQ(::getenv("GIRIN_TEST_A"), "1");
    EXPECT_STREQ(::getenv("GIRIN_TEST_B"), "x=y");
    EXPECT_FALSE(environment.set({"=1"}));
}

TEST(Environment, RepeatsNothingOfWhatMayBeASecret) {
    Environment environment;
    EXPECT_EQ(environment.set({"hunter2"}).error().message(), "an environment entry isn't NAME=VALUE");
}

// FAULTS 19: what is no longer set, stayed.
TEST(Environment, IsTakenOffAgain) {
    ::setenv("GIRIN_TEST_OWN", "ours", 1);
    ::unsetenv("GIRIN_TEST_NEW");
    Environment environment;
    ASSERT_TRUE(environment.set({"GIRIN_TEST_OWN=theirs", "GIRIN_TEST_OWN=twice", "GIRIN_TEST_NEW=1"}));
    EXPECT_STREQ(::getenv("GIRIN_TEST_OWN"), "twice");
    ASSERT_TRUE(environment.set({"GIRIN_TEST_NEW=2"}));
    EXPECT_STREQ(::getenv("GIRIN_TEST_OWN"), "ours");
    EXPECT_STREQ(::getenv("GIRIN_TEST_NEW"), "2");
    ASSERT_TRUE(environment.set({}));
    EXPECT_EQ(::getenv("GIRIN_TEST_NEW"), nullptr);
}

}  // namespace
}  // namespace girin
