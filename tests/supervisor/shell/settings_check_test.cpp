// Whatever a check does, the master only hears of it.

#include "supervisor/settings_check.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/support/deadline.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

class SettingsCheckTest : public testing::Test {
  protected:
    Result<void> outcome_of(const std::function<Result<void>()>& check) {
        auto started = SettingsCheck::start(os_, [] {}, check);
        if (!started) return started.error();
        return wait_for(*started);
    }

    Result<void> wait_for(SettingsCheck& check) {
        std::optional<Result<void>> outcome;
        const auto ended = [&] { return (outcome = check.poll_outcome(os_)).has_value(); };
        EXPECT_TRUE(test::eventually(10s, "the check", ended, check.pidfd()));
        return outcome.value_or(Result<void>(Error("never ended")));
    }

    LinuxOs os_;
};

TEST_F(SettingsCheckTest, Passes) {
    EXPECT_TRUE(outcome_of([] { return Result<void>(); }));
}

TEST_F(SettingsCheckTest, FailsWithItsReason) {
    const auto outcome = outcome_of([]() -> Result<void> { return Error("workers: 'many' is no number"); });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message(), "workers: 'many' is no number");
}

TEST_F(SettingsCheckTest, FailsWhenItCrashes) {
    const auto outcome = outcome_of([]() -> Result<void> {
        ::signal(SIGABRT, SIG_DFL);
        std::abort();
    });
    ASSERT_FALSE(outcome);
    EXPECT_TRUE(outcome.error().message().starts_with("checking the settings crashed: SIGABRT"));
}

TEST_F(SettingsCheckTest, FailsWhenItExits) {
    const auto outcome = outcome_of([]() -> Result<void> { ::_exit(4); });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message(), "checking the settings exited with code 4");
}

TEST_F(SettingsCheckTest, IsGivenUpWhenItHangs) {
    auto check = SettingsCheck::start(os_, [] {}, []() -> Result<void> {
        for (;;) ::pause();
    });
    ASSERT_TRUE(check);
    EXPECT_FALSE(check->poll_outcome(os_));
    check->give_up(os_, "it took longer than 30 s");
    const auto outcome = wait_for(*check);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message(), "it took longer than 30 s");
}

}  // namespace
}  // namespace girin
