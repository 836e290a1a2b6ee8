// The health part without a judge's patience to wait for: when it looks, whom it has examined, and whom it forgets.

#include "supervisor/health/workers_health.hpp"

#include "tests/supervisor/turn/part_bench.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class WorkersHealthTest : public PartBench {
  protected:
    WorkersHealthTest() {
        settings_.timeout = 10s;
        settings_.lag_warning = 0s;
    }
    void begin() { ASSERT_TRUE(health().begin(inbox_)); }
    WorkersHealth& health() {
        if (!health_) health_ = std::make_unique<WorkersHealth>(common());
        return *health_;
    }
    /// The loop of slot 0 has been in one callback since then.
    void is_stuck_since(TimePoint since) {
        common().board[0].callback_start_ns = std::chrono::nanoseconds(since.time_since_epoch()).count();
    }
    void look() {
        os_.time = *health().next_deadline();
        health().on_wake(os_.time, os_.time);
        health().on_time(os_.time, inbox_);
    }

  private:
    std::unique_ptr<WorkersHealth> health_;
};

TEST_F(WorkersHealthTest, LooksOnlyWhereALimitAsksForIt) {
    settings_.timeout = 0s;
    begin();
    EXPECT_FALSE(health().next_deadline());
}

TEST_F(WorkersHealthTest, HasListenersLookedAtWithEachLook) {
    begin();
    const TimePoint first = *health().next_deadline();
    look();
    EXPECT_EQ(put(), Names{"ListenAgain"});
    EXPECT_GT(*health().next_deadline(), first);
}

TEST_F(WorkersHealthTest, HasACrashExaminedAndForgetsItWithTheWorker) {
    begin();
    serve(1);
    common().board[0].crash.signo = 11;
    health().hear(WorkerCrashes{0}, inbox_);
    ASSERT_EQ(health().children().size(), 1u);
    EXPECT_NE(health().children()[0], common().workers.find(0)->pid);
    health().hear(WorkerEnded{0, common().workers.find(0)->pid, 1, ChildExit(), ExitStory()}, inbox_);
    EXPECT_TRUE(health().children().empty());
    EXPECT_EQ(os_.sent, std::vector<int>{9}) << "nobody waits for it any more";
}

TEST_F(WorkersHealthTest, LetsACrashGoOnThatCantBeExamined) {
    begin();
    serve(1);
    os_.may_fork = false;
    health().hear(WorkerCrashes{0}, inbox_);
    EXPECT_TRUE(health().children().empty());
    EXPECT_EQ(common().board[0].crash.told.load(), 1);
    EXPECT_NE(common().workers.find(0)->last_words.find("no stack: no more processes"), std::string::npos);
}

TEST_F(WorkersHealthTest, EndsAnExaminationThatTakesTooLong) {
    begin();
    serve(1);
    common().board[0].crash.signo = 11;
    health().hear(WorkerCrashes{0}, inbox_);
    os_.time += 6s;
    health().on_time(os_.time, inbox_);
    EXPECT_EQ(os_.sent, std::vector<int>{9});
    os_.next_exit = ChildExit::with_signal(9);
    health().on_ready(ReadySource(SourceKind::examination_end, 0), inbox_);
    EXPECT_TRUE(health().children().empty());
    const std::string& words = common().workers.find(0)->last_words;
    EXPECT_NE(words.find("no stack: looking at it took longer than"), std::string::npos) << words;
}

TEST_F(WorkersHealthTest, SaysOfAnExaminationThatCrashedWhatItWas) {
    begin();
    serve(1);
    common().board[0].crash.signo = 11;
    health().hear(WorkerCrashes{0}, inbox_);
    os_.next_exit = ChildExit::with_signal(11);
    health().on_ready(ReadySource(SourceKind::examination_end, 0), inbox_);
    const std::string& words = common().workers.find(0)->last_words;
    EXPECT_NE(words.find("no stack: looking at it crashed: SIGSEGV"), std::string::npos) << words;
}

}  // namespace
}  // namespace girin::test
