// Requests, what happens, and the answers.

#include "supervisor/control/control_desk.hpp"

#include <gtest/gtest.h>

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class Desk : public testing::Test {
  protected:
    /// "7 done: text", one a line.
    std::string answers() {
        constexpr const char* kWords[] = {"done", "refused", "failed"};
        std::string text;
        for (const ControlAnswer& answer : desk_.take_answers()) {
            text += std::to_string(answer.id) + " " + kWords[static_cast<int>(answer.kind)] + ": " + answer.text + "\n";
        }
        return text;
    }
    static FleetGlance glance(std::size_t wanted, std::size_t ready, const std::string& degraded = {}) {
        FleetGlance seen;
        seen.wanted = wanted;
        seen.ready = ready;
        seen.degraded = !degraded.empty();
        seen.degraded_why = degraded;
        return seen;
    }

    ControlDesk desk_;
};

TEST_F(Desk, AnswersAReloadWhenItIsCommitted) {
    desk_.await_reload(7);
    desk_.on_reload_begins(2);
    EXPECT_EQ(answers(), "");
    desk_.on_reload_committed(2, 0s);
    EXPECT_EQ(answers(), "7 done: generation 2 serves\n");
    EXPECT_EQ(answers(), "");
}

TEST_F(Desk, TellsForHowLongAReloadIsWatched) {
    desk_.await_reload(7);
    desk_.on_reload_begins(2);
    desk_.on_reload_committed(2, 60s);
    EXPECT_EQ(answers(), "7 done: generation 2 serves; it is watched for 60 s more\n");
    desk_.on_watch_ended(2, "");
    EXPECT_EQ(answers(), "");
}

TEST_F(Desk, AnswersWhoWaitsForMoreWhenTheWatchEnds) {
    desk_.await_reload(7, true);
    desk_.on_reload_begins(2);
    desk_.on_reload_committed(2, 60s);
    desk_.await_reload(8, true);
    desk_.on_reload_begins(3);
    desk_.on_reload_rolled_back(3, "x");
    EXPECT_EQ(answers(), "8 failed: generation 3 failed and was rolled back: x\n");
    desk_.on_watch_ended(2, "");
    EXPECT_EQ(answers(), "7 done: generation 2 serves, and has stayed well\n");
    desk_.await_reload(9, true);
    desk_.on_reload_begins(4);
    desk_.on_reload_committed(4, 60s);
    desk_.on_watch_ended(4, "generation 4 failed: y");
    EXPECT_EQ(answers(), "9 failed: generation 4 failed: y\n");
}

TEST_F(Desk, WaitsForNoWatchWhereThereIsNone) {
    desk_.await_reload(7, true);
    desk_.on_reload_begins(2);
    desk_.on_reload_committed(2, 0s);
    EXPECT_EQ(answers(), "7 done: generation 2 serves\n");
}

TEST_F(Desk, TellsWhyAReloadWasRolledBack) {
    desk_.await_reload(7);
    desk_.on_reload_begins(2);
    desk_.on_reload_rolled_back(2, "no such file");
    EXPECT_EQ(answers(), "7 failed: generation 2 failed and was rolled back: no such file\n");
}

TEST_F(Desk, LetsARequestDuringAReloadWaitForTheNextOne) {
    desk_.await_reload(1);
    desk_.on_reload_begins(2);
    desk_.await_reload(5);
    desk_.await_reload(6);
    desk_.on_reload_committed(2, 0s);
    EXPECT_EQ(answers(), "1 done: generation 2 serves\n");
    desk_.on_reload_begins(3);
    desk_.on_reload_rolled_back(3, "x");
    EXPECT_EQ(answers(), "5 failed: generation 3 failed and was rolled back: x\n"
                         "6 failed: generation 3 failed and was rolled back: x\n");
}

TEST_F(Desk, EndsEveryWaitBeforeAnotherBinaryFollows) {
    desk_.await_reload(1);
    desk_.await_scale(2, 3);
    desk_.on_replaced();
    EXPECT_EQ(answers(), "1 failed: a new binary is executed in place meanwhile; ask again\n"
                         "2 failed: a new binary is executed in place meanwhile; ask again\n");
}

TEST_F(Desk, AnswersAScalingWhenSoManyServe) {
    desk_.await_scale(1, 3);
    desk_.look(glance(3, 2));
    EXPECT_EQ(answers(), "");
    desk_.look(glance(3, 3));
    EXPECT_EQ(answers(), "1 done: 3 workers serve\n");
    desk_.await_scale(2, 1, ", the smallest number (asked for -3)");
    desk_.look(glance(1, 1));
    EXPECT_EQ(answers(), "2 done: 1 worker serves, the smallest number (asked for -3)\n");
}

TEST_F(Desk, EndsTheWaitForAScalingThatCantBe) {
    desk_.await_scale(1, 3);
    desk_.look(glance(4, 2));
    EXPECT_EQ(answers(), "1 failed: meanwhile somebody asked for 4 workers\n");
    desk_.await_scale(2, 4);
    desk_.look(glance(4, 2, "workers die"));
    EXPECT_EQ(answers(), "2 failed: the server is degraded: workers die\n");
}

TEST_F(Desk, AnswersAKillByTheProcessAndNotTheSlot) {
    desk_.await_exit(1, 0, 50);
    desk_.on_worker_exited(0, 49, "has finished");
    EXPECT_EQ(answers(), "");
    desk_.on_worker_exited(0, 50, "has finished");
    EXPECT_EQ(answers(), "1 done: worker 0 (pid 50) has finished\n");
}

TEST_F(Desk, EndsEveryWaitWhenTheServerStops) {
    desk_.await_reload(1);
    desk_.await_stop(2);
    desk_.await_exit(3, 0, 50);
    desk_.on_stopping();
    EXPECT_EQ(answers(), "1 failed: the server stops\n3 failed: the server stops\n");
    desk_.on_stopped();
    EXPECT_EQ(answers(), "2 done: the server has stopped\n");
}

TEST_F(Desk, HoldsABoundedNumberOfRequests) {
    for (std::uint64_t id = 0; id < ControlDesk::kMaxWaiting; ++id) {
        EXPECT_FALSE(desk_.is_full());
        desk_.await_reload(id);
    }
    EXPECT_TRUE(desk_.is_full());
    desk_.forget_all();
    EXPECT_FALSE(desk_.is_full());
    EXPECT_EQ(answers(), "");
}

TEST(ControlRequest, ReadsItsOwnText) {
    ControlRequest request;
    request.verb = ControlVerb::log_level;
    request.argument = "debug";
    request.asker = "uid 0, pid 1";
    const auto read = ControlRequest::parse(request.to_text());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->to_text(), request.to_text());
    EXPECT_FALSE(ControlRequest::parse("format-disk\n\n"));
    EXPECT_FALSE(ControlRequest::parse(""));
}

TEST(ControlRequest, KnowsNumbersOfWorkers) {
    EXPECT_EQ(parse_scale("4")->count, 4);
    EXPECT_FALSE(parse_scale("4")->relative);
    EXPECT_EQ(parse_scale("+2")->count, 2);
    EXPECT_EQ(parse_scale("-2")->count, -2);
    EXPECT_TRUE(parse_scale("-2")->relative);
    for (const char* const bad : {"", "0", "+", "-", "four", "4x", "+-4", "99999999999", "1000001"}) {
        EXPECT_FALSE(parse_scale(bad)) << bad;
    }
}

TEST(ControlAnswer, ReadsItsOwnText) {
    const ControlAnswer answer(3, AnswerKind::failed, "two\nlines");
    const auto read = ControlAnswer::parse(3, answer.to_text());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->kind, AnswerKind::failed);
    EXPECT_EQ(read->text, "two\nlines");
    EXPECT_FALSE(ControlAnswer::parse(3, "maybe\n"));
}

}  // namespace
}  // namespace girin::test
