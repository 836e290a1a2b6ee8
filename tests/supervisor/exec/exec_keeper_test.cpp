// What a program's keeper decides, in virtual time.

#include "supervisor/exec/exec_keeper.hpp"

#include <gtest/gtest.h>

namespace girin {
namespace {

using namespace std::chrono_literals;
using Kind = ExecStep::Kind;
using Steps = ExecKeeper::Steps;

const TimePoint kStart{};

ExecKeeperOptions by_notify() {
    ExecKeeperOptions options;
    options.must_tell = true;
    options.timeout = 5s;
    options.graceful = 30s;
    return options;
}

NotifyNews news(const char* text) { return parse_notification(text); }

ExecKeeper ready_keeper() {
    ExecKeeper keeper(by_notify(), kStart);
    [[maybe_unused]] const Steps told = keeper.on_news(news("READY=1"), kStart);
    return keeper;
}

TEST(ExecKeeper, TellsReadyOnce) {
    ExecKeeper keeper(by_notify(), kStart);
    EXPECT_EQ(keeper.on_time(kStart + 1h), Steps());
    EXPECT_EQ(keeper.on_news(news("READY=1"), kStart), Steps({Kind::tell_ready}));
    EXPECT_EQ(keeper.on_news(news("READY=1"), kStart), Steps());
}

TEST(ExecKeeper, TakesAProgramThatLastsForReady) {
    ExecKeeper keeper(ExecKeeperOptions(), kStart);
    EXPECT_EQ(keeper.on_time(kStart + 999ms), Steps());
    EXPECT_EQ(keeper.next_deadline(), kStart + 1s);
    EXPECT_EQ(keeper.on_time(kStart + 1s), Steps({Kind::tell_ready}));
}

TEST(ExecKeeper, TakesAnAnswerOnItsPortForReady) {
    ExecKeeper keeper(by_notify(), kStart);
    EXPECT_TRUE(keeper.is_starting());
    EXPECT_EQ(keeper.on_port_open(), Steps({Kind::tell_ready}));
    EXPECT_FALSE(keeper.is_starting());
    EXPECT_EQ(keeper.on_port_open(), Steps());
}

TEST(ExecKeeper, DrainsAndThenKills) {
    ExecKeeper keeper = ready_keeper();
    EXPECT_EQ(keeper.on_drain(10s, kStart), Steps({Kind::stop_program}));
    EXPECT_EQ(keeper.on_news(news("STOPPING=1"), kStart), Steps({Kind::tell_draining}));
    EXPECT_EQ(keeper.on_time(kStart + 9s), Steps());
    const Steps late = keeper.on_time(kStart + 10s);
    ASSERT_EQ(late.size(), 1U);
    EXPECT_EQ(late[0].kind, Kind::kill_program);
    EXPECT_EQ(keeper.on_end(false), ExecEnd(ExecEnd::Kind::done));
}

TEST(ExecKeeper, QuitsSoonerThanItDrains) {
    ExecKeeper keeper = ready_keeper();
    EXPECT_EQ(keeper.on_drain(10s, kStart), Steps({Kind::stop_program}));
    EXPECT_EQ(keeper.on_quit(kStart), Steps());
    EXPECT_EQ(keeper.next_deadline(), kStart + 1s);
}

TEST(ExecKeeper, AbortsOneThatHasFallenSilent) {
    ExecKeeper keeper = ready_keeper();
    EXPECT_EQ(keeper.on_time(kStart + 1h), Steps());  // it never said WATCHDOG=1
    EXPECT_EQ(keeper.on_news(news("WATCHDOG=1"), kStart + 1h), Steps());
    EXPECT_EQ(keeper.on_time(kStart + 1h + 4s), Steps());
    EXPECT_EQ(keeper.on_time(kStart + 1h + 5s), Steps({ExecStep(Kind::abort_program, "no WATCHDOG=1 for 5 s")}));
    EXPECT_EQ(keeper.on_end(false), ExecEnd(ExecEnd::Kind::aborted));
}

TEST(ExecKeeper, AsksToBeReplacedAtTheFirstTermAndStopsAtTheSecond) {
    ExecKeeper keeper = ready_keeper();
    EXPECT_EQ(keeper.on_term(kStart), Steps({ExecStep(Kind::tell_recycle, "SIGTERM from outside")}));
    EXPECT_EQ(keeper.on_term(kStart), Steps({Kind::stop_program}));
}

TEST(ExecKeeper, TellsWhatAnEndMeans) {
    EXPECT_EQ(ExecKeeper(by_notify(), kStart).on_end(true), ExecEnd(ExecEnd::Kind::boot_failed));
    ExecKeeper keeper = ready_keeper();
    EXPECT_EQ(keeper.on_end(true), ExecEnd(ExecEnd::Kind::as_program));
    EXPECT_EQ(keeper.on_drain(10s, kStart).size(), 1U);
    EXPECT_EQ(keeper.on_end(true), ExecEnd(ExecEnd::Kind::done));
    EXPECT_EQ(keeper.on_end(false), ExecEnd(ExecEnd::Kind::as_program));
}

}  // namespace
}  // namespace girin
