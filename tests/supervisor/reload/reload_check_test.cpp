// Whatever a check does, the master only hears of it.

#include "supervisor/reload/reload_check.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/support/deadline.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

class ReloadCheckTest : public testing::Test {
  protected:
    CheckOutcome outcome_of(const std::function<CheckOutcome()>& check) {
        auto started = ReloadCheck::start(os_, [] {}, check);
        if (!started) return CheckOutcome::fail(started.error().message());
        return wait_for(*started);
    }

    CheckOutcome wait_for(ReloadCheck& check) {
        std::optional<CheckOutcome> outcome;
        const auto ended = [&] { return (outcome = check.poll_outcome(os_)).has_value(); };
        EXPECT_TRUE(test::eventually(10s, "the check", ended));
        return outcome.value_or(CheckOutcome::fail("never ended"));
    }

    LinuxOs os_;
};

TEST_F(ReloadCheckTest, TellsWhatItFoundOut) {
    const CheckOutcome outcome = outcome_of([] { return CheckOutcome::pass("127.0.0.1:8000\n"); });
    EXPECT_TRUE(outcome.passed);
    EXPECT_EQ(outcome.text, "127.0.0.1:8000\n");
    EXPECT_TRUE(outcome_of([] { return CheckOutcome::pass(""); }).passed);
}

TEST_F(ReloadCheckTest, FailsWithItsReason) {
    const CheckOutcome outcome = outcome_of([] { return CheckOutcome::fail("workers: 'many' is no number"); });
    EXPECT_FALSE(outcome.passed);
    EXPECT_EQ(outcome.text, "workers: 'many' is no number");
}

TEST_F(ReloadCheckTest, FailsWhenItCrashes) {
    const CheckOutcome outcome = outcome_of([]() -> CheckOutcome {
        ::signal(SIGABRT, SIG_DFL);
        std::abort();
    });
    EXPECT_FALSE(outcome.passed);
    EXPECT_TRUE(outcome.text.starts_with("checking the settings crashed: SIGABRT")) << outcome.text;
}

TEST_F(ReloadCheckTest, FailsWhenItExits) {
    const CheckOutcome outcome = outcome_of([]() -> CheckOutcome { ::_exit(4); });
    EXPECT_FALSE(outcome.passed);
    EXPECT_EQ(outcome.text, "checking the settings exited with code 4");
}

TEST_F(ReloadCheckTest, IsGivenUpWhenItHangs) {
    auto check = ReloadCheck::start(os_, [] {}, []() -> CheckOutcome {
        for (;;) ::pause();
    });
    ASSERT_TRUE(check);
    EXPECT_FALSE(check->poll_outcome(os_));
    check->give_up(os_, "it took longer than 30 s");
    const CheckOutcome outcome = wait_for(*check);
    EXPECT_FALSE(outcome.passed);
    EXPECT_EQ(outcome.text, "it took longer than 30 s");
}

}  // namespace
}  // namespace girin
