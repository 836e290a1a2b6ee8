// Whatever a check does, the master only hears of it.

#include "supervisor/process/inquiry.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/support/deadline.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

class InquiryTest : public testing::Test {
  protected:
    InquiryOutcome outcome_of(const std::function<InquiryOutcome()>& check) {
        auto started = Inquiry::start(os_, "checking the settings", [] {}, check);
        if (!started) return InquiryOutcome::fail(started.error().message());
        return wait_for(*started);
    }

    InquiryOutcome wait_for(Inquiry& check) {
        std::optional<InquiryOutcome> outcome;
        const auto ended = [&] { return (outcome = check.poll_outcome(os_)).has_value(); };
        EXPECT_TRUE(test::eventually(10s, "the check", ended));
        return outcome.value_or(InquiryOutcome::fail("never ended"));
    }

    LinuxOs os_;
};

TEST_F(InquiryTest, TellsWhatItFoundOut) {
    const InquiryOutcome outcome = outcome_of([] { return InquiryOutcome::pass("127.0.0.1:8000\n"); });
    EXPECT_TRUE(outcome.passed);
    EXPECT_EQ(outcome.text, "127.0.0.1:8000\n");
    EXPECT_TRUE(outcome_of([] { return InquiryOutcome::pass(""); }).passed);
}

TEST_F(InquiryTest, FailsWithItsReason) {
    const InquiryOutcome outcome = outcome_of([] { return InquiryOutcome::fail("workers: 'many' is no number"); });
    EXPECT_FALSE(outcome.passed);
    EXPECT_EQ(outcome.text, "workers: 'many' is no number");
}

TEST_F(InquiryTest, FailsWhenItCrashes) {
    const InquiryOutcome outcome = outcome_of([]() -> InquiryOutcome {
        ::signal(SIGABRT, SIG_DFL);
        std::abort();
    });
    EXPECT_FALSE(outcome.passed);
    EXPECT_TRUE(outcome.text.starts_with("checking the settings crashed: SIGABRT")) << outcome.text;
}

TEST_F(InquiryTest, FailsWhenItExits) {
    const InquiryOutcome outcome = outcome_of([]() -> InquiryOutcome { ::_exit(4); });
    EXPECT_FALSE(outcome.passed);
    EXPECT_EQ(outcome.text, "checking the settings exited with code 4");
}

TEST_F(InquiryTest, IsGivenUpWhenItHangs) {
    auto check = Inquiry::start(os_, "checking the settings", [] {}, []() -> InquiryOutcome {
        for (;;) ::pause();
    });
    ASSERT_TRUE(check);
    EXPECT_FALSE(check->poll_outcome(os_));
    check->give_up(os_, "it took longer than 30 s");
    const InquiryOutcome outcome = wait_for(*check);
    EXPECT_FALSE(outcome.passed);
    EXPECT_EQ(outcome.text, "it took longer than 30 s");
}

}  // namespace
}  // namespace girin
