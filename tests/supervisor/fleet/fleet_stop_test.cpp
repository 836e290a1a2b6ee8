#include <gtest/gtest.h>

#include <csignal>

#include "tests/supervisor/fleet/harness.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

TEST(FleetStop, DrainsEveryoneAndLeaves) {
    Harness h;
    h.serve(3);
    const Actions stop = h.send(FleetEvent::stop_graceful());
    EXPECT_EQ(count(stop, ActionKind::tell_drain), 3u);
    EXPECT_EQ(first(stop, ActionKind::tell_drain).patience, 30s);
    EXPECT_EQ(first(h.finish_all_leaving(), ActionKind::exit_master).code, ExitCode::ok);
}

TEST(FleetStop, LeavesAtOnceWhenNobodyIsThere) {
    Harness h;
    EXPECT_EQ(first(h.send(FleetEvent::stop_graceful()), ActionKind::exit_master).code, ExitCode::ok);
}

TEST(FleetStop, StartsNobodyWhenStartComesTooLate) {
    Harness h;
    h.send(FleetEvent::stop_graceful());
    EXPECT_TRUE(h.send(FleetEvent::start(4)).empty());
}

TEST(FleetStop, TerminatesThenKillsWhoDoesNotDrain) {
    Harness h;
    h.serve(1);
    h.send(FleetEvent::stop_graceful());
    const Actions late = h.pass(30s);
    EXPECT_EQ(first(late, ActionKind::signal).signal_number, SIGTERM);
    EXPECT_TRUE(has_log(late, "did not end within --graceful-timeout"));
    EXPECT_EQ(first(h.pass(2s), ActionKind::signal).signal_number, SIGKILL);
    // FAULTS 7: that it was killed, and so what it had in hand was lost, was said as of any that ends as it should.
    const Actions killed = h.send(FleetEvent::worker_exited(0, FleetEvent::kKilled, "was killed by us with SIGKILL"));
    EXPECT_EQ(first(killed, ActionKind::log).level, LogLevel::warning);
    EXPECT_EQ(first(killed, ActionKind::exit_master).code, ExitCode::ok);
}

TEST(FleetStop, SaysNothingSpecialOfWhoIsKilledByOrder) {
    Harness h;
    h.serve(1);
    h.send(FleetEvent::stop_quick());
    EXPECT_EQ(first(h.pass(5s), ActionKind::signal).signal_number, SIGKILL);
    const Actions killed = h.send(FleetEvent::worker_exited(0, FleetEvent::kKilled, "was killed by us with SIGKILL"));
    EXPECT_EQ(first(killed, ActionKind::log).level, LogLevel::info);
}

// FAULTS 33, a sibling: whoever had drained late got no time for its end.
TEST(FleetStop, LeavesWhoHasDrainedItsTimeOnce) {
    Harness h;
    h.serve(1);
    h.send(FleetEvent::stop_graceful());
    h.pass(29s);
    EXPECT_TRUE(h.send(FleetEvent::worker_leaves(0)).empty());
    EXPECT_EQ(count(h.pass(5s), ActionKind::signal), 0u);
    h.send(FleetEvent::worker_leaves(0));
    EXPECT_EQ(first(h.pass(1s), ActionKind::signal).signal_number, SIGTERM);
}

TEST(FleetStop, TakesNothingOffTheTimeOfWhoLeavesEarly) {
    Harness h;
    h.serve(1);
    h.send(FleetEvent::worker_leaves(0));
    h.send(FleetEvent::stop_graceful());
    h.send(FleetEvent::worker_leaves(0));
    EXPECT_EQ(count(h.pass(29s), ActionKind::signal), 0u);
    EXPECT_EQ(first(h.pass(1s), ActionKind::signal).signal_number, SIGTERM);
}

TEST(FleetStop, TellsWorkersThatStillStartToQuit) {
    Harness h;
    h.send(FleetEvent::start(2));
    EXPECT_EQ(count(h.send(FleetEvent::stop_graceful()), ActionKind::tell_quit), 2u);
}

TEST(FleetStop, QuicklyTellsEveryoneToDropAllWork) {
    Harness h;
    h.serve(2);
    const Actions stop = h.send(FleetEvent::stop_quick());
    EXPECT_EQ(h.slots_in(WorkerState::quitting).size(), 2u);
    EXPECT_EQ(count(stop, ActionKind::tell_quit), 2u);
    EXPECT_EQ(count(h.pass(2s), ActionKind::signal), 2u);
}

// FAULTS 7: a second wish for the same, as two deploy scripts have it, cut requests off.
TEST(FleetStop, StaysGracefulWhenAskedTwice) {
    Harness h;
    h.serve(2);
    h.send(FleetEvent::stop_graceful());
    h.pass(20s);
    EXPECT_TRUE(h.send(FleetEvent::stop_graceful()).empty());
    EXPECT_EQ(count(h.pass(9s), ActionKind::signal), 0u);
    EXPECT_EQ(count(h.pass(1s), ActionKind::signal), 2u) << "nor gets more time";
}

TEST(FleetStop, TurnsQuickForAnInterrupt) {
    Harness h;
    h.serve(2);
    h.send(FleetEvent::stop_graceful());
    EXPECT_EQ(count(h.send(FleetEvent::stop_quick()), ActionKind::tell_quit), 2u);
}

TEST(FleetStop, SpawnsNothingMore) {
    Harness h;
    h.serve(3);
    h.send(FleetEvent::stop_graceful());
    Actions all = h.crash(0);
    for (const FleetEvent& event : {FleetEvent::scale_by(1), FleetEvent::reload_requested(), FleetEvent::tick()}) {
        const Actions more = h.send(event);
        all.insert(all.end(), more.begin(), more.end());
    }
    EXPECT_EQ(count(all, ActionKind::spawn), 0u);
    EXPECT_EQ(count(all, ActionKind::prepare_reload), 0u);
}

TEST(FleetStop, DropsWhatWaitsForItsBackoff) {
    Harness h;
    h.serve(2);
    h.crash(0);
    h.crash(0);
    h.send(FleetEvent::stop_graceful());
    EXPECT_EQ(count(h.pass(29s), ActionKind::spawn), 0u);
    EXPECT_EQ(count(h.finish_all_leaving(), ActionKind::exit_master), 1u);
}

TEST(FleetStop, RollsARunningReloadBack) {
    Harness h;
    h.serve(2);
    h.reload_to_canary();
    const Actions stop = h.send(FleetEvent::stop_graceful());
    EXPECT_EQ(first(stop, ActionKind::roll_back_reload).text, "the server stops");
    EXPECT_EQ(count(stop, ActionKind::tell_quit), 1u);
    EXPECT_EQ(count(stop, ActionKind::tell_drain), 2u);
}

TEST(FleetStop, QuitsAWorkerWhoseSpawnIsAnsweredTooLate) {
    Harness h;
    h.answers_spawns = false;
    h.send(FleetEvent::start(1));
    const Actions stop = h.send(FleetEvent::stop_graceful());
    EXPECT_EQ(first(stop, ActionKind::call_off_spawn).slot, 0u);
    EXPECT_EQ(count(stop, ActionKind::exit_master), 0u);
    EXPECT_EQ(count(h.send(FleetEvent::stop_quick()), ActionKind::call_off_spawn), 0u);
    EXPECT_EQ(count(h.send(FleetEvent::worker_spawned(0, 700)), ActionKind::tell_quit), 1u);
    EXPECT_EQ(count(h.finish(0), ActionKind::exit_master), 1u);
}

TEST(FleetStop, LeavesWhenALateSpawnFails) {
    Harness h;
    h.answers_spawns = false;
    h.send(FleetEvent::start(1));
    h.send(FleetEvent::stop_graceful());
    EXPECT_EQ(count(h.send(FleetEvent::worker_spawn_failed(0, "fork")), ActionKind::exit_master), 1u);
}

TEST(FleetStop, GoesOnWithoutAProcessThatNothingEnds) {
    Harness h;
    h.serve(2);
    h.send(FleetEvent::stop_quick());
    h.finish(0);
    const Actions late = h.pass(12s);
    EXPECT_EQ(first(late, ActionKind::exit_master).code, ExitCode::failure);
    EXPECT_TRUE(has_log(late, "not even by KILL"));
}

TEST(FleetStop, SaysNothingAfterItsEnd) {
    Harness h;
    h.serve(1);
    h.send(FleetEvent::stop_quick());
    h.finish(0);
    EXPECT_TRUE(h.send(FleetEvent::reload_requested()).empty());
    EXPECT_TRUE(h.send(FleetEvent::stop_quick()).empty());
    EXPECT_EQ(h.fleet.next_deadline(), std::nullopt);
}

}  // namespace
}  // namespace girin
