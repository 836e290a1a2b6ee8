// The operators' two parts without a monitor: what signals ask for, one after another, and what is kept for the report.

#include "supervisor/control/operators.hpp"

#include <signal.h>

#include "supervisor/control/operator_signals.hpp"
#include "tests/supervisor/turn/part_bench.hpp"

namespace girin::test {
namespace {

class OperatorSignalsTest : public PartBench {
  protected:
    OperatorSignalsTest() { EXPECT_TRUE(signals_.begin(inbox_)); }
    bool on_ready() { return signals_.on_ready(ReadySource(SourceKind::signals, 0), inbox_); }
    Names asked_by(int signo) {
        ::kill(::getpid(), signo);
        EXPECT_TRUE(on_ready());
        EXPECT_FALSE(on_ready());
        return put();
    }

    const SignalsBlocked blocked_;
    OperatorSignals signals_{common()};
};

TEST_F(OperatorSignalsTest, AreWishesOfOperators) {
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

TEST_F(OperatorSignalsTest, AskForNothingThatIsOfNoUseWhileTheServerStops) {
    decide(FleetEvent::start(1));
    decide(FleetEvent::stop_graceful());
    common().standing.stop_asked = true;
    EXPECT_TRUE(asked_by(SIGHUP).empty());
    EXPECT_TRUE(asked_by(SIGUSR2).empty());
    EXPECT_TRUE(asked_by(SIGTERM).empty()) << "it stops already";
    EXPECT_EQ(asked_by(SIGQUIT), Names{"AskQuickStop"});
    EXPECT_EQ(asked_by(SIGUSR1), Names{"AskReopenLogs"});
}

TEST_F(OperatorSignalsTest, AreReadOneAfterTheOther) {
    ::kill(::getpid(), SIGTERM);
    ::kill(::getpid(), SIGHUP);
    EXPECT_TRUE(on_ready());
    EXPECT_EQ(put(), Names{"AskStop"});
    decide(FleetEvent::start(1));
    decide(FleetEvent::stop_graceful());
    EXPECT_TRUE(on_ready());
    EXPECT_TRUE(put().empty()) << "the server stops by now";
    EXPECT_FALSE(on_ready());
}

TEST_F(OperatorSignalsTest, MayBeLateAndMeanAQuickStop) {
    EXPECT_FALSE(signals_.read_late());
    ::kill(::getpid(), SIGHUP);
    EXPECT_FALSE(signals_.read_late());
    ::kill(::getpid(), SIGQUIT);
    EXPECT_TRUE(signals_.read_late());
}

class OperatorsTest : public PartBench {
  protected:
    OperatorsTest() {
        setup_.on_first_ready = [this] { ++first_ready_; };
        setup_.on_handed_over = [this] { ++handed_over_; };
    }
    Operators& operators() {
        if (!operators_) operators_ = std::make_unique<Operators>(common());
        return *operators_;
    }

    int first_ready_ = 0;
    int handed_over_ = 0;

  private:
    std::unique_ptr<Operators> operators_;
};

TEST_F(OperatorsTest, PublishHowTheServerIs) {
    ASSERT_TRUE(operators().begin(inbox_));
    EXPECT_TRUE(operators().children().empty()) << "there is no monitor";
    Action degraded(ActionKind::report_degraded);
    degraded.text = "1 of 2 workers ready";
    operators().carry_out(degraded, inbox_);
    EXPECT_EQ(common().report.degraded_why(), "1 of 2 workers ready");
    operators().on_turn_end(os_.time, inbox_);
    EXPECT_TRUE(inbox_.empty());
}

TEST_F(OperatorsTest, TellWhoeverStartedUs) {
    operators().hear(FirstReady(), inbox_);
    EXPECT_EQ(first_ready_, 1);
    operators().hear(HandedOver{12}, inbox_);
    EXPECT_EQ(handed_over_, 1);
}

}  // namespace
}  // namespace girin::test
