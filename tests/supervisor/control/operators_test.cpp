// The operators' part without a monitor: what signals ask for, one after another, and what is kept for the report.

#include "supervisor/control/operators.hpp"

#include <signal.h>

#include "tests/supervisor/turn/part_bench.hpp"

namespace girin::test {
namespace {

class OperatorsTest : public PartBench {
  protected:
    OperatorsTest() { EXPECT_TRUE(operators_.begin(inbox_)); }
    bool on_ready() { return operators_.on_ready(ReadySource(SourceKind::signals, 0), inbox_); }
    Names asked_by(int signo) {
        ::kill(::getpid(), signo);
        EXPECT_TRUE(on_ready());
        EXPECT_FALSE(on_ready());
        return put();
    }

    const SignalsBlocked blocked_;
    Operators operators_{common()};
};

TEST_F(OperatorsTest, PassOnWhatSignalsAskFor) {
    EXPECT_EQ(asked_by(SIGTERM), Names{"AskStop"});
    EXPECT_EQ(asked_by(SIGINT), Names{"AskQuickStop"});
    EXPECT_EQ(last_order<AskQuickStop>()->signo, SIGINT);
    EXPECT_EQ(asked_by(SIGHUP), Names{"AskReload"});
    EXPECT_EQ(asked_by(SIGUSR1), Names{"AskReopenLogs"});
    EXPECT_EQ(asked_by(SIGUSR2), Names{"AskUpgrade"});
    EXPECT_EQ(asked_by(SIGTTIN), Names{"AskScale"});
    EXPECT_EQ(last_order<AskScale>()->argument.count, 1);
    EXPECT_EQ(asked_by(SIGWINCH), Names{"pause"});
    EXPECT_EQ(asked_by(SIGCHLD), Names{"ReapAdopted"});
}

TEST_F(OperatorsTest, AskForNothingThatIsOfNoUseWhileTheServerStops) {
    decide(Event::start(1));
    decide(Event::stop_graceful());
    common().standing.stop_asked = true;
    EXPECT_TRUE(asked_by(SIGHUP).empty());
    EXPECT_TRUE(asked_by(SIGUSR2).empty());
    EXPECT_TRUE(asked_by(SIGTERM).empty()) << "it stops already";
    EXPECT_EQ(asked_by(SIGQUIT), Names{"AskQuickStop"});
    EXPECT_EQ(asked_by(SIGUSR1), Names{"AskReopenLogs"});
}

TEST_F(OperatorsTest, ReadTheNextSignalWhenTheFirstIsDealtWith) {
    ::kill(::getpid(), SIGTERM);
    ::kill(::getpid(), SIGHUP);
    EXPECT_TRUE(on_ready());
    EXPECT_EQ(put(), Names{"AskStop"});
    decide(Event::start(1));
    decide(Event::stop_graceful());
    EXPECT_TRUE(on_ready());
    EXPECT_TRUE(put().empty()) << "the server stops by now";
    EXPECT_FALSE(on_ready());
}

TEST_F(OperatorsTest, KnowAQuickStopAmongLateSignals) {
    EXPECT_FALSE(operators_.read_late_signals());
    ::kill(::getpid(), SIGHUP);
    EXPECT_FALSE(operators_.read_late_signals());
    ::kill(::getpid(), SIGQUIT);
    EXPECT_TRUE(operators_.read_late_signals());
}

TEST_F(OperatorsTest, TellTheCallerThatTheFirstGenerationServes) {
    EXPECT_TRUE(operators_.children().empty()) << "there is no monitor";
    Action degraded(ActionKind::report_degraded);
    degraded.text = "1 of 2 workers ready";
    operators_.carry_out(degraded, inbox_);
    EXPECT_EQ(common().report.degraded_why(), "1 of 2 workers ready");
    EXPECT_TRUE(inbox_.empty());
}

}  // namespace
}  // namespace girin::test
