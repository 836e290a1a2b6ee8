// An upgrade's decisions, in virtual time; at the end at random, with what must hold whatever happens.

#include "supervisor/upgrade/upgrade.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

namespace girin {
namespace {

using namespace std::chrono_literals;
using Actions = std::vector<UpgradeAction>;

class UpgradeDecisions : public testing::Test {
  protected:
    Actions tell(UpgradeEvent event, const std::string& text = {}) {
        return upgrade_.decide(event, now_, options_, text);
    }
    Actions wait(Duration time) {
        now_ += time;
        return tell(UpgradeEvent::tick);
    }
    void start() {
        tell(UpgradeEvent::requested);
        ASSERT_EQ(tell(UpgradeEvent::free), (Actions{UpgradeAction(UpgradeOrder::spawn)}));
        tell(UpgradeEvent::spawned);
    }
    void soak() {
        start();
        tell(UpgradeEvent::ready);
        ASSERT_EQ(upgrade_.state(), UpgradeState::soaking);
    }

    Upgrade upgrade_;
    UpgradeOptions options_;
    TimePoint now_{1000s};
};

Actions failed(const std::string& why, UpgradeOrder how) {
    return {UpgradeAction(UpgradeOrder::failed, why), UpgradeAction(how)};
}

TEST_F(UpgradeDecisions, StartSoakHandOverAndRetire) {
    soak();
    EXPECT_EQ(wait(999ms), Actions{});
    EXPECT_EQ(wait(1ms), (Actions{UpgradeAction(UpgradeOrder::tell_take)}));
    EXPECT_EQ(tell(UpgradeEvent::taken), (Actions{UpgradeAction(UpgradeOrder::retire)}));
    EXPECT_EQ(upgrade_.state(), UpgradeState::done);
    EXPECT_EQ(upgrade_.deadline(), std::nullopt);
    EXPECT_EQ(tell(UpgradeEvent::ended, "exited"), Actions{});
}

TEST_F(UpgradeDecisions, WaitForWhatIsUnderWay) {
    tell(UpgradeEvent::requested);
    EXPECT_EQ(upgrade_.state(), UpgradeState::waiting);
    EXPECT_FALSE(upgrade_.is_under_way());
    EXPECT_EQ(tell(UpgradeEvent::stop, "x"), Actions{});
    EXPECT_EQ(upgrade_.state(), UpgradeState::idle);
}

TEST_F(UpgradeDecisions, FailWhenNothingCanBeSpawned) {
    tell(UpgradeEvent::requested);
    tell(UpgradeEvent::free);
    EXPECT_EQ(tell(UpgradeEvent::not_spawned, "fork"), (Actions{UpgradeAction(UpgradeOrder::failed, "fork")}));
    EXPECT_EQ(upgrade_.state(), UpgradeState::idle);
}

TEST_F(UpgradeDecisions, FailWithTheSuccessorsOwnReasonWhenItGaveOne) {
    start();
    tell(UpgradeEvent::unwell, "bind: in use");
    EXPECT_EQ(tell(UpgradeEvent::ended, "exited"), (Actions{UpgradeAction(UpgradeOrder::failed, "bind: in use")}));
    start();
    EXPECT_EQ(tell(UpgradeEvent::ended, "exited"),
              (Actions{UpgradeAction(UpgradeOrder::failed, "the new master exited")}));
}

TEST_F(UpgradeDecisions, EndASuccessorThatIsLate) {
    start();
    EXPECT_EQ(wait(60s), failed("the new master was not ready within 60 s", UpgradeOrder::tell_give_up));
    EXPECT_EQ(wait(options_.end_patience), (Actions{UpgradeAction(UpgradeOrder::kill)}));
    EXPECT_EQ(tell(UpgradeEvent::ended, "was killed"), Actions{});
    EXPECT_EQ(upgrade_.state(), UpgradeState::idle);
}

TEST_F(UpgradeDecisions, EndASuccessorThatDoesNotStayWell) {
    soak();
    EXPECT_EQ(tell(UpgradeEvent::unwell, "SIGSEGV"),
              failed("it did not stay well: SIGSEGV", UpgradeOrder::tell_finish));
    EXPECT_EQ(tell(UpgradeEvent::ready), Actions{}) << "it comes too late";
    EXPECT_EQ(tell(UpgradeEvent::taken), Actions{});
    EXPECT_EQ(wait(options_.finish_patience), (Actions{UpgradeAction(UpgradeOrder::kill)}));
}

TEST_F(UpgradeDecisions, KillASuccessorThatDoesNotSayThatItHasTakenOver) {
    soak();
    wait(1s);
    EXPECT_EQ(wait(options_.take_patience), failed("the new master did not take over", UpgradeOrder::kill));
}

TEST_F(UpgradeDecisions, ExecuteInPlaceWhatHasRehearsed) {
    options_.rehearses = true;
    soak();
    EXPECT_EQ(wait(1s), (Actions{UpgradeAction(UpgradeOrder::log, "the rehearsal went well, and ends"),
                                 UpgradeAction(UpgradeOrder::tell_finish)}));
    EXPECT_TRUE(upgrade_.is_under_way());
    EXPECT_EQ(tell(UpgradeEvent::finished, "exited"), (Actions{UpgradeAction(UpgradeOrder::execute)}));
    EXPECT_EQ(tell(UpgradeEvent::not_spawned, "exec"), (Actions{UpgradeAction(UpgradeOrder::failed, "exec")}));
    EXPECT_EQ(upgrade_.state(), UpgradeState::idle);
}

TEST_F(UpgradeDecisions, ExecuteNothingThatCrashesAtTheEndOfItsRehearsal) {
    options_.rehearses = true;
    soak();
    tell(UpgradeEvent::finish);
    EXPECT_EQ(tell(UpgradeEvent::ended, "crashed"),
              (Actions{UpgradeAction(UpgradeOrder::failed, "the new master crashed")}));
    soak();
    tell(UpgradeEvent::finish);
    EXPECT_EQ(wait(options_.finish_patience),
              failed("the new master did not end when its rehearsal was over", UpgradeOrder::kill));
    EXPECT_EQ(tell(UpgradeEvent::ended, "was killed"), Actions{});
    EXPECT_EQ(upgrade_.state(), UpgradeState::idle);
}

TEST_F(UpgradeDecisions, ExecuteNothingThatEndsBeforeItWasWell) {
    options_.rehearses = true;
    start();
    EXPECT_EQ(tell(UpgradeEvent::finished, "exited with code 0"),
              (Actions{UpgradeAction(UpgradeOrder::failed, "the new master exited with code 0")}));
}

TEST_F(UpgradeDecisions, FinishEarlyWhenAsked) {
    soak();
    EXPECT_EQ(tell(UpgradeEvent::finish), (Actions{UpgradeAction(UpgradeOrder::tell_take)}));
    EXPECT_EQ(tell(UpgradeEvent::finish), Actions{});
}

TEST_F(UpgradeDecisions, FollowOneAnother) {
    soak();
    tell(UpgradeEvent::requested);
    EXPECT_EQ(upgrade_.state(), UpgradeState::soaking) << "twice is once";
    tell(UpgradeEvent::unwell, "x");
    tell(UpgradeEvent::requested);
    tell(UpgradeEvent::ended, "exited");
    EXPECT_EQ(upgrade_.state(), UpgradeState::waiting) << "asked for again, after the first had failed";
}

TEST_F(UpgradeDecisions, StopEndsTheSuccessorToo) {
    soak();
    EXPECT_EQ(tell(UpgradeEvent::stop, "the server stops"), failed("the server stops", UpgradeOrder::tell_give_up));
}

/// The other side and the operator at random: one successor at a time, one outcome each, and every wait has an end.
TEST(UpgradeAtRandom, KeepsItsPromises) {
    const unsigned seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    UpgradeOptions options;
    std::size_t outcomes = 0, retired = 0;
    for (int run = 0; run < 6'000; ++run) {
        Upgrade upgrade;
        options.rehearses = run % 2 == 1;
        TimePoint now{1000s};
        bool alive = false, judged = true, done = false;
        for (int step = 0; step < 60 && !done; ++step) {
            now += std::chrono::milliseconds(random() % 3'000);
            auto event = static_cast<UpgradeEvent>(random() % 12);
            const bool is_successors = event == UpgradeEvent::ready || event == UpgradeEvent::unwell ||
                                       event == UpgradeEvent::taken || event == UpgradeEvent::ended ||
                                       event == UpgradeEvent::finished;
            const bool is_answer = event == UpgradeEvent::spawned || event == UpgradeEvent::not_spawned;
            if ((is_successors && !alive) || is_answer) event = UpgradeEvent::tick;
            if (event == UpgradeEvent::ended || event == UpgradeEvent::finished) alive = false;
            for (const UpgradeAction& action : upgrade.decide(event, now, options, "why")) {
                if (action.order == UpgradeOrder::spawn) {
                    ASSERT_FALSE(alive) << "two successors";
                    ASSERT_TRUE(judged) << "the last one had no outcome";
                    alive = true;
                    judged = false;
                }
                const bool is_outcome = action.order == UpgradeOrder::failed || action.order == UpgradeOrder::retire ||
                                        action.order == UpgradeOrder::execute;
                ASSERT_FALSE(is_outcome && judged) << "two outcomes";
                judged |= is_outcome;
                outcomes += is_outcome;
                done |= action.order == UpgradeOrder::retire || action.order == UpgradeOrder::execute;
                ASSERT_EQ(action.order == UpgradeOrder::execute, is_outcome && options.rehearses && done);
            }
            const bool waits_for_successor = alive && !done;
            ASSERT_TRUE(!waits_for_successor || upgrade.deadline() || upgrade.state() == UpgradeState::ending)
                << to_text(upgrade.state());
        }
        retired += done;
    }
    EXPECT_GT(outcomes, 1'000U);
    EXPECT_GT(retired, 100U);
}

}  // namespace
}  // namespace girin
