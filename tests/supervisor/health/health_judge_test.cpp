// Whether a worker is well, lags or hangs: in virtual time, with samples of processes that were never there.

#include "supervisor/health/health_judge.hpp"

#include <gtest/gtest.h>

#include "supervisor/health/health_report.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;
using Kind = Finding::Kind;

/// A worker whose loop goes into one callback at the start and stays there, and a master that looks in time.
class HealthJudgeTest : public testing::Test {
  protected:
    HealthJudgeTest() { enter_callback(); }

    void enter_callback() { line_.callback_start_ns = now_.time_since_epoch() / 1ns; }
    void leave_callback() {
        line_.callback_start_ns = 0;
        line_.last_tick_ns = now_.time_since_epoch() / 1ns;
    }
    void set_process(char state, int cpu_percent, int waiting_percent = 0) {
        state_ = state;
        cpu_percent_ = cpu_percent;
        waiting_percent_ = waiting_percent;
    }
    /// Time goes by, for the process as set; looked at twice a second. Returns the last finding that was one.
    Finding pass(Duration time) {
        Finding last;
        for (const TimePoint end = now_ + time; now_ < end;) {
            now_ += 500ms;
            cpu_ += 500ms * cpu_percent_ / 100;
            waited_ += 500ms * waiting_percent_ / 100;
            judge_.on_turn(now_, now_, 0s);
            const Finding finding = look();
            if (finding.kind != Kind::nothing) last = finding;
        }
        return last;
    }
    Finding look() {
        return judge_.look(1, line_, TimePoint(), now_, [this] {
            ProcessSample sample;
            sample.state = state_;
            sample.cpu = cpu_;
            sample.run_delay = waited_;
            sample.wait_channel = "futex_wait_queue";
            return sample;
        });
    }

    TimePoint now_ = TimePoint(1000s);
    ScoreboardSlot line_{};
    char state_ = 'R';
    int cpu_percent_ = 99, waiting_percent_ = 0;
    Duration cpu_{5s}, waited_{1s};
    HealthJudge judge_{HealthOptions(30s, 1s)};
};

TEST_F(HealthJudgeTest, FindsAWorkerThatSpins) {
    const Finding finding = pass(31s);
    EXPECT_EQ(finding.kind, Kind::hangs);
    EXPECT_EQ(describe(finding), "its loop has been in one callback for 31 s; spinning (CPU 99 %)");
}

TEST_F(HealthJudgeTest, FindsAWorkerThatIsBlocked) {
    set_process('S', 0);
    const Finding finding = pass(31s);
    EXPECT_EQ(finding.kind, Kind::hangs);
    EXPECT_EQ(describe(finding), "its loop has been in one callback for 31 s; blocked in futex_wait_queue (CPU 0 %)");
}

TEST_F(HealthJudgeTest, FindsAWorkerThatWasStoppedWhileItsLoopWaited) {
    leave_callback();
    set_process('T', 0);
    EXPECT_EQ(pass(30s).kind, Kind::lags);
    const Finding finding = pass(1s);
    EXPECT_EQ(finding.kind, Kind::hangs);
    EXPECT_EQ(describe(finding),
              "no sign of life of its loop for 30.5 s; stopped by a signal (SIGSTOP or its like)");
}

TEST_F(HealthJudgeTest, LeavesOneAloneThatADebuggerHolds) {
    set_process('t', 0);
    const Finding finding = pass(1h);
    EXPECT_EQ(finding.kind, Kind::lags);
    EXPECT_EQ(finding.verdict, Verdict::debugged);
}

TEST_F(HealthJudgeTest, NeverFindsOneToHangThatGetsNoProcessor) {
    set_process('R', 1, 99);
    const Finding finding = pass(600s);
    EXPECT_EQ(finding.kind, Kind::lags);
    EXPECT_EQ(finding.verdict, Verdict::starved);
    EXPECT_EQ(describe(finding, "98.76 %"),
              "its loop has been in one callback for 1 s; starved: it is ready to run and gets no processor (CPU 1 %, "
              "waiting 99 %, pressure 98.76 %)");
}

// The kernel adds a wait to its count when it is over, so a worker may starve without a trace of that.
TEST_F(HealthJudgeTest, NeverFindsOneToHangWhoseWaitIsNotCountedYet) {
    set_process('R', 0, 0);
    EXPECT_EQ(pass(600s).kind, Kind::lags);
}

TEST_F(HealthJudgeTest, NeverFindsOneToHangThatSleepsInBetweenForWantOfProcessor) {
    set_process('S', 1, 98);
    EXPECT_EQ(pass(600s).kind, Kind::lags);
}

TEST_F(HealthJudgeTest, FindsASpinningWorkerAlsoWhereItHasToShare) {
    set_process('R', 20, 80);
    EXPECT_EQ(pass(120s).kind, Kind::lags);
    const Finding finding = pass(60s);
    EXPECT_EQ(finding.kind, Kind::hangs);
    EXPECT_EQ(finding.verdict, Verdict::spinning);
}

TEST_F(HealthJudgeTest, JudgesByTheClockWhenTheKernelTellsNothing) {
    const auto nothing = [] { return ProcessSample(); };
    Finding finding;
    for (int second = 0; second < 33; ++second, now_ += 1s) finding = judge_.look(1, line_, TimePoint(), now_, nothing);
    EXPECT_EQ(finding.kind, Kind::hangs);
    EXPECT_EQ(describe(finding), "its loop has been in one callback for 32 s");
}

TEST_F(HealthJudgeTest, WarnsOnceAndTellsWhenItGoesOn) {
    EXPECT_EQ(pass(1s).kind, Kind::lags);
    EXPECT_TRUE(judge_.is_lagging(1));
    EXPECT_EQ(pass(3s).kind, Kind::nothing);
    leave_callback();
    const Finding finding = look();
    EXPECT_EQ(finding.kind, Kind::recovered);
    EXPECT_EQ(finding.silent, 4s);
    EXPECT_FALSE(judge_.is_lagging(1));
    EXPECT_EQ(look().kind, Kind::nothing);
}

TEST_F(HealthJudgeTest, WarnsSeldomOfOneThatLagsAgainAndAgain) {
    int warnings = 0;
    for (int i = 0; i < 30; ++i) {
        enter_callback();
        warnings += pass(2s).kind == Kind::lags;
        leave_callback();
        look();
    }
    EXPECT_EQ(warnings, 6);
}

TEST_F(HealthJudgeTest, TakesManyLongCallbacksForNoHang) {
    for (int i = 0; i < 10; ++i) {
        enter_callback();
        EXPECT_NE(pass(20s).kind, Kind::hangs);
    }
}

TEST_F(HealthJudgeTest, CountsAnewWhenTheMasterItselfWasLate) {
    pass(29s);
    now_ += 60s;
    judge_.on_turn(now_, now_ - 59s, 0s);
    EXPECT_NE(look().kind, Kind::hangs);
    EXPECT_NE(pass(29s).kind, Kind::hangs);
    EXPECT_EQ(pass(2s).kind, Kind::hangs);
}

TEST_F(HealthJudgeTest, LooksAtNoProcessThatIsWell) {
    leave_callback();
    const auto never = []() -> ProcessSample {
        ADD_FAILURE() << "looked at a worker that is well";
        return {};
    };
    for (int i = 0; i < 100; ++i, now_ += 500ms) {
        leave_callback();
        EXPECT_EQ(judge_.look(1, line_, TimePoint(), now_, never).kind, Kind::nothing);
    }
}

TEST_F(HealthJudgeTest, JudgesNobodyWithoutLimits) {
    judge_.set_options(HealthOptions(0s, 0s));
    EXPECT_EQ(judge_.interval(), 0s);
    EXPECT_EQ(pass(600s).kind, Kind::nothing);
    judge_.set_options(HealthOptions(0s, 1s));
    EXPECT_EQ(pass(600s).kind, Kind::lags);
}

TEST_F(HealthJudgeTest, WaitsAsLongAsTheHandlerHasAskedFor) {
    line_.request.set("GET /report", NotedPeer(), now_.time_since_epoch() / 1ns);
    line_.request.set_deadline((now_ + 300s).time_since_epoch() / 1ns, true);
    EXPECT_NE(pass(299s).kind, Kind::hangs);
    EXPECT_EQ(pass(5s).kind, Kind::hangs);
}

TEST_F(HealthJudgeTest, WaitsNoLongerThanTheRequestMayTake) {
    line_.request.set("GET /report", NotedPeer(), now_.time_since_epoch() / 1ns);
    line_.request.set_deadline((now_ + 5s).time_since_epoch() / 1ns, false);
    EXPECT_NE(pass(4s).kind, Kind::hangs);
    EXPECT_EQ(pass(2s).kind, Kind::hangs);
}

TEST_F(HealthJudgeTest, IsNotShorterForARequestWhoseTimeIsAlmostOver) {
    line_.request.set("GET /report", NotedPeer(), now_.time_since_epoch() / 1ns);
    line_.request.set_deadline((now_ - 1s).time_since_epoch() / 1ns, false);
    EXPECT_NE(pass(500ms).kind, Kind::hangs);
}

// FAULTS 33, a sibling: a loop that had ended was taken for one that hangs.
TEST_F(HealthJudgeTest, LeavesOneThatLeavesItsTime) {
    judge_.set_options(HealthOptions(2s, 1s));
    leave_callback();
    line_.leaving_since_ns = now_.time_since_epoch() / 1ns;
    set_process('S', 0);
    EXPECT_EQ(pass(kLeavingLimit).kind, Kind::nothing);
    const Finding finding = pass(2s);
    EXPECT_EQ(finding.kind, Kind::hangs);
    EXPECT_TRUE(judge_.is_still_silent(1, line_, TimePoint()));
    EXPECT_TRUE(describe(finding).starts_with("its loop has ended, and it has been leaving for ")) << describe(finding);
}

TEST_F(HealthJudgeTest, LeavesOneThatLeavesNoLessThanATimeout) {
    leave_callback();
    line_.leaving_since_ns = now_.time_since_epoch() / 1ns;
    set_process('S', 0);
    EXPECT_EQ(pass(29s).kind, Kind::nothing);
    EXPECT_EQ(pass(3s).kind, Kind::hangs);
}

TEST_F(HealthJudgeTest, KnowsWhetherOneHasMovedSinceTheLastLook) {
    pass(31s);
    EXPECT_TRUE(judge_.is_still_silent(1, line_, TimePoint()));
    leave_callback();
    EXPECT_FALSE(judge_.is_still_silent(1, line_, TimePoint()));
}

}  // namespace
}  // namespace girin
