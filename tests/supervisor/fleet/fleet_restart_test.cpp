// Failures: of the first start, of a worker, of many workers in a row, and of one that hangs.

#include <gtest/gtest.h>

#include <csignal>

#include "tests/supervisor/fleet/harness.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

TEST(FleetFirstStart, StopsWithTheReasonWhenAWorkerFailsToBoot) {
    Harness h;
    h.send(FleetEvent::start(3));
    const Actions failed = h.send(FleetEvent::worker_boot_failed(1, "no such database"));
    EXPECT_EQ(count(failed, ActionKind::tell_quit), 3u);
    EXPECT_TRUE(has_log(failed, "no such database"));
    const Action exit = first(h.finish_all_leaving(), ActionKind::exit_master);
    EXPECT_EQ(exit.code, ExitCode::worker_boot_failed);
    EXPECT_EQ(exit.text, "no such database");
}

TEST(FleetFirstStart, BlamesNobodyForAMasterThatComesLate) {
    Harness h;
    h.send(FleetEvent::start(2));
    h.now += plain_options().boot_timeout + 1s;  // it stood still; both have long said that they are ready
    EXPECT_EQ(count(h.make_ready(0), ActionKind::signal), 0u);
    EXPECT_EQ(count(h.make_ready(1), ActionKind::signal), 0u);
    EXPECT_EQ(count(h.send(FleetEvent::tick()), ActionKind::signal), 0u);
    EXPECT_EQ(h.fleet.ready_count(), 2u);
}

TEST(FleetFirstStart, StopsWhenAWorkerExitsBeforeReady) {
    Harness h;
    h.send(FleetEvent::start(1));
    const Actions actions = h.crash(0);
    EXPECT_EQ(first(actions, ActionKind::exit_master).code, ExitCode::worker_boot_failed);
    EXPECT_EQ(count(actions, ActionKind::spawn), 0u);
}

TEST(FleetFirstStart, TellsAnApplicationThatCouldNotBeLoadedApart) {
    Harness h;
    h.send(FleetEvent::start(1));
    EXPECT_EQ(first(h.send(FleetEvent::worker_exited(0, 4, "exited with code 4")), ActionKind::exit_master).code,
              ExitCode::application_not_loaded);
    Harness told;
    told.send(FleetEvent::start(1));
    told.send(FleetEvent::worker_boot_failed(0, "no file libshop.so", ExitCode::application_not_loaded));
    EXPECT_EQ(first(told.finish(0), ActionKind::exit_master).code, ExitCode::application_not_loaded);
}

TEST(FleetFirstStart, StopsAfterTheBootDeadline) {
    Harness h;
    h.send(FleetEvent::start(1));
    EXPECT_TRUE(h.pass(59s).empty());
    const Actions late = h.pass(1s);
    EXPECT_EQ(first(late, ActionKind::signal).signal_number, SIGABRT);
    const Action exit = first(h.crash(0), ActionKind::exit_master);
    EXPECT_EQ(exit.code, ExitCode::worker_boot_failed);
    EXPECT_NE(exit.text.find("did not become ready within"), std::string::npos);
}

TEST(FleetFirstStart, WaitsForEverWithoutABootDeadline) {
    FleetOptions options = plain_options();
    options.boot_timeout = 0s;
    Harness h(options);
    h.send(FleetEvent::start(1));
    EXPECT_TRUE(h.pass(24h).empty());
    h.make_ready(0);
    EXPECT_EQ(h.fleet.ready_count(), 1u);
}

TEST(FleetFirstStart, ServesOnWhenAnotherWorkerIsReady) {
    Harness h;
    h.send(FleetEvent::start(2));
    h.make_ready(0);
    const Actions actions = h.send(FleetEvent::worker_boot_failed(1, "no such database"));
    EXPECT_EQ(count(actions, ActionKind::exit_master), 0u);
    EXPECT_EQ(h.state(0), WorkerState::ready);
    EXPECT_FALSE(h.fleet.is_stopping());
}

TEST(FleetFirstStart, StopsWhenNothingCanBeSpawned) {
    Harness h;
    h.fork_works = false;
    const Action exit = first(h.send(FleetEvent::start(2)), ActionKind::exit_master);
    EXPECT_EQ(exit.code, ExitCode::failure);
    EXPECT_NE(exit.text.find("fork"), std::string::npos);
}

TEST(FleetFirstStart, TriesAFailedSpawnAgainWhileOthersStart) {
    Harness h;
    h.answers_spawns = false;
    h.send(FleetEvent::start(2));
    h.send(FleetEvent::worker_spawned(0, 500));
    EXPECT_EQ(count(h.send(FleetEvent::worker_spawn_failed(1, "fork")), ActionKind::spawn), 1u);
    EXPECT_FALSE(h.fleet.is_stopping());
}

TEST(FleetRestart, RespawnsAWorkerThatDied) {
    Harness h;
    h.serve(4);
    const Actions actions = h.crash(2);
    EXPECT_EQ(first(actions, ActionKind::spawn).slot, 2u);
    EXPECT_TRUE(has_log(actions, "crashed: SIGSEGV"));
    EXPECT_EQ(h.fleet.ready_count(), 3u);
}

TEST(FleetRestart, RespawnsAWorkerThatLeftWithoutBeingAsked) {
    Harness h;
    h.serve(1);
    EXPECT_EQ(count(h.finish(0), ActionKind::spawn), 1u);
}

TEST(FleetRestart, WaitsBeforeTheSecondRespawnInARow) {
    Harness h;
    h.serve(2);
    h.crash(0);
    h.make_ready(0);
    EXPECT_EQ(count(h.crash(0), ActionKind::spawn), 0u);
    EXPECT_EQ(count(h.pass(374ms), ActionKind::spawn), 0u);
    EXPECT_EQ(count(h.pass(126ms), ActionKind::spawn), 1u);
}

TEST(FleetRestart, WaitsLongerEachTimeButNeverAboveTheCap) {
    Harness h;
    h.serve(1);
    Duration waited{};
    for (int failures = 0; failures < 12; ++failures) {
        const TimePoint died = h.now;
        h.crash(0);
        while (h.state(0) != WorkerState::starting) h.pass(10ms);
        waited = h.now - died;
        EXPECT_LE(waited, 30s + 10ms);
        h.make_ready(0);
    }
    EXPECT_GE(waited, 22s);
}

TEST(FleetRestart, ForgetsFailuresAfterAStablePeriod) {
    Harness h;
    h.serve(1);
    h.crash(0);
    h.make_ready(0);
    h.pass(30s);
    EXPECT_EQ(count(h.crash(0), ActionKind::spawn), 1u);
}

TEST(FleetRestart, KeepsEachPlacesFailuresApart) {
    Harness h;
    h.serve(2);
    h.crash(0);
    h.make_ready(0);
    h.crash(0);
    EXPECT_EQ(count(h.crash(1), ActionKind::spawn), 1u);
}

TEST(FleetRestart, NeverTouchesHealthyWorkers) {
    Harness h;
    h.serve(3);
    for (int i = 0; i < 20; ++i) {
        h.crash(0);
        h.pass(31s);
        ASSERT_EQ(h.state(0), WorkerState::starting);
    }
    EXPECT_EQ(h.state(1), WorkerState::ready);
    EXPECT_EQ(h.state(2), WorkerState::ready);
}

TEST(FleetRestart, LimitsRespawnsOverAllPlaces) {
    FleetOptions options = plain_options();
    options.respawn_burst = 2;
    options.respawns_per_second = 1;
    Harness h(options);
    h.serve(6);
    Actions all;
    for (std::size_t slot = 0; slot < 6; ++slot) {
        const Actions actions = h.crash(slot);
        all.insert(all.end(), actions.begin(), actions.end());
    }
    EXPECT_EQ(count(all, ActionKind::spawn), 2u);
    EXPECT_EQ(count(h.pass(1100ms), ActionKind::spawn), 1u);
    EXPECT_EQ(count(h.pass(10s), ActionKind::spawn), 3u);
}

TEST(FleetRestart, TreatsAFailedSpawnAsAFailureOfItsPlace) {
    Harness h;
    h.serve(2);
    h.fork_works = false;
    h.crash(0);
    EXPECT_EQ(h.state(0), WorkerState::waiting);
    h.fork_works = true;
    h.pass(31s);
    EXPECT_EQ(h.state(0), WorkerState::starting);
    EXPECT_FALSE(h.fleet.is_stopping());
}

TEST(FleetRestart, StartsAnewThoughABootFailedWorkerDoesNotLeave) {
    Harness h;
    h.serve(2);
    h.crash(0);
    const Actions failed = h.send(FleetEvent::worker_boot_failed(0, "no such database"));
    EXPECT_EQ(count(failed, ActionKind::tell_quit), 1u);
    EXPECT_EQ(h.slots_in(WorkerState::waiting).size(), 1u);
    const Actions late = h.pass(2s);
    EXPECT_EQ(first(late, ActionKind::signal).signal_number, SIGKILL);
    EXPECT_EQ(h.slots_in(WorkerState::starting).size(), 1u);
}

/// Makes `places` fail twice in a row, so that each waits.
void fail_twice(Harness& h, std::size_t places) {
    for (std::size_t slot = 0; slot < places; ++slot) {
        h.crash(slot);
        h.crash(slot);
    }
}

TEST(FleetDegraded, IsReportedOnceWithTheReason) {
    Harness h;
    h.serve(3);
    EXPECT_EQ(count(h.crash(0), ActionKind::report_degraded), 0u);
    const Actions second = h.crash(0);
    const Action report = first(second, ActionKind::report_degraded);
    EXPECT_EQ(report.count, 2u);
    EXPECT_NE(report.text.find("SIGSEGV"), std::string::npos);
    EXPECT_TRUE(h.fleet.is_degraded());
}

TEST(FleetDegraded, TriesOneWorkerAtATime) {
    Harness h;
    h.serve(4);
    fail_twice(h, 3);
    h.pass(10s);
    EXPECT_EQ(h.slots_in(WorkerState::starting).size(), 1u);
    EXPECT_EQ(h.slots_in(WorkerState::waiting).size(), 2u);
}

TEST(FleetDegraded, TriesTheNextWhenTheProbeIsReady) {
    Harness h;
    h.serve(4);
    fail_twice(h, 3);
    h.pass(10s);
    h.make_all_ready();
    EXPECT_EQ(h.fleet.ready_count(), 4u);
}

TEST(FleetDegraded, RecoversAloneWhenWorkersStayWell) {
    Harness h;
    h.serve(4);
    fail_twice(h, 3);
    h.pass(10s);
    h.make_all_ready();
    const Actions actions = h.pass(30s);
    EXPECT_EQ(first(actions, ActionKind::report_recovered).count, 4u);
    EXPECT_FALSE(h.fleet.is_degraded());
}

TEST(FleetHang, IsEndedWithAbortThenKill) {
    Harness h;
    h.serve(2);
    const Actions silent = h.send(FleetEvent::worker_silent(0, "no sign of life for 30 s"));
    const Action abort = first(silent, ActionKind::signal);
    EXPECT_EQ(abort.signal_number, SIGABRT);
    EXPECT_EQ(abort.text, "no sign of life for 30 s");
    EXPECT_EQ(first(h.pass(1s), ActionKind::signal).signal_number, SIGKILL);
}

TEST(FleetHang, IsReplacedBeforeItIsGone) {
    Harness h;
    h.serve(2);
    const Actions silent = h.send(FleetEvent::worker_silent(0, "no sign of life for 30 s"));
    EXPECT_NE(first(silent, ActionKind::spawn).slot, 0u);
    EXPECT_EQ(count(h.crash(0), ActionKind::spawn), 0u);
}

TEST(FleetHang, IsToldOnce) {
    Harness h;
    h.serve(1);
    h.send(FleetEvent::worker_silent(0, "no sign of life for 30 s"));
    EXPECT_TRUE(h.send(FleetEvent::worker_silent(0, "no sign of life for 31 s")).empty());
}

TEST(FleetHang, CountsAsAFailureOfThePlaceWhereverItMoves) {
    Harness h;
    h.serve(1);
    h.send(FleetEvent::worker_silent(0, "no sign of life for 30 s"));
    h.make_all_ready();
    const std::size_t next = h.slots_in(WorkerState::ready).front();
    EXPECT_EQ(count(h.send(FleetEvent::worker_silent(next, "again")), ActionKind::spawn), 0u);
    EXPECT_TRUE(h.fleet.is_degraded());
}

TEST(FleetHang, EndsADrainingWorkerToo) {
    Harness h;
    h.serve(2);
    h.send(FleetEvent::scale_by(-1));
    const Actions silent = h.send(FleetEvent::worker_silent(0, "no sign of life for 30 s"));
    EXPECT_EQ(first(silent, ActionKind::signal).signal_number, SIGABRT);
    EXPECT_EQ(count(silent, ActionKind::spawn), 0u);
}

TEST(FleetHang, IsKilledAgainWhenKillDoesNotHelp) {
    Harness h;
    h.serve(1);
    h.send(FleetEvent::worker_silent(0, "no sign of life for 30 s"));
    h.make_all_ready();
    h.pass(1s);
    const Actions again = h.pass(10s);
    EXPECT_EQ(first(again, ActionKind::signal).signal_number, SIGKILL);
    EXPECT_TRUE(has_log(again, "not even by KILL"));
}

}  // namespace
}  // namespace girin
