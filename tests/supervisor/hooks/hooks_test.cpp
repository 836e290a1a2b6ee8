// Commands as a master runs them, with the real kernel and without a master: limits, time-outs and ends.

#include "supervisor/hooks/hooks.hpp"

#include <gtest/gtest.h>

#include "tests/support/deadline.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class HooksTest : public testing::Test {
  protected:
    HooksTest() {
        auto wait = EventWait::open();
        EXPECT_TRUE(wait);
        wait_ = std::move(*wait);
        settings_.hook_timeout = 1000s;
    }
    ~HooksTest() override {
        settings_.on_ready = "true";
        settings_.hook_timeout = 1ms;
        hooks_.tell(settings_, HookFacts(HookEvent::ready));  // from now on nothing is waited for
        hooks_.finish_blocking();
    }

    void tell(const std::string& command) {
        settings_.on_ready = command;
        hooks_.tell(settings_, HookFacts(HookEvent::ready));
    }
    /// What a master's loop does about hooks, until none runs.
    [[nodiscard]] testing::AssertionResult all_end() {
        return eventually(15s, "the end of all hooks", [&] {
            for (const ReadySource source : wait_.wait(os_, os_.now())) hooks_.on_end(source.id);
            hooks_.on_deadline(os_.now());
            return hooks_.pids().empty();
        });
    }

    const TempDir dir_;
    LinuxOs os_;
    EventWait wait_;
    Settings settings_;
    Hooks hooks_{os_, wait_, ServerCallbacks()};
};

TEST_F(HooksTest, RunFourAtOnceAndTheOthersAfterThem) {
    for (int i = 0; i < 10; ++i) tell("while ! test -e " + (dir_ / "go") + "; do sleep 0.01; done; echo x >> " + (dir_ / "x"));
    EXPECT_EQ(hooks_.pids().size(), 4u);
    dir_.write("go", "");
    EXPECT_TRUE(all_end());
    EXPECT_EQ(read_file(dir_ / "x"), "x\nx\nx\nx\nx\nx\nx\nx\nx\nx\n");
}

TEST_F(HooksTest, BeyondTheLimitAreDropped) {
    const HookLimits limits;
    for (std::size_t i = 0; i < limits.at_once + limits.waiting + 9; ++i) {
        tell("while ! test -e " + (dir_ / "go") + "; do sleep 0.01; done; echo x >> " + (dir_ / "x"));
    }
    dir_.write("go", "");
    EXPECT_TRUE(all_end());
    EXPECT_EQ(read_file(dir_ / "x").size(), 2 * (limits.at_once + limits.waiting));
}

TEST_F(HooksTest, AreKilledWithTheirGroupWhenTheyTakeTooLong) {
    settings_.hook_timeout = 300ms;
    tell("sleep 1000 & echo $! > " + (dir_ / "new") + "; mv " + (dir_ / "new") + " " + (dir_ / "child") + "; wait");
    EXPECT_TRUE(hooks_.next_deadline());
    EXPECT_TRUE(all_end());
    EXPECT_FALSE(hooks_.next_deadline());
    const auto child = static_cast<pid_t>(std::stoi(read_file(dir_ / "child")));
    EXPECT_TRUE(eventually(10s, "the hook's child to be gone", [&] { return !is_running(child); }));
}

TEST_F(HooksTest, WithoutACommandAreNothing) {
    tell("");
    EXPECT_TRUE(hooks_.pids().empty());
    EXPECT_FALSE(hooks_.next_deadline());
}

TEST_F(HooksTest, FinishWhatRunsAndWhatWaits) {
    for (int i = 0; i < 6; ++i) tell("echo x >> " + (dir_ / "x"));
    hooks_.finish_blocking();
    EXPECT_TRUE(hooks_.pids().empty());
    EXPECT_EQ(read_file(dir_ / "x").size(), 12u);
}

}  // namespace
}  // namespace girin::test
