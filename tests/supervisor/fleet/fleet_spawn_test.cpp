// A spawn is asked for, and answered later: what happens until then.

#include <gtest/gtest.h>

#include "tests/supervisor/fleet/harness.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

/// Two serve, and from now on spawns wait for their answers.
struct SlowSpawns : Harness {
    SlowSpawns() {
        serve(2);
        answers_spawns = false;
    }
};

TEST(FleetSpawn, WaitsForItsAnswer) {
    SlowSpawns h;
    const std::size_t slot = first(h.crash(0), ActionKind::spawn).slot;
    EXPECT_EQ(count(h.pass(20s), ActionKind::spawn), 0u);
    EXPECT_EQ(h.state(slot), WorkerState::spawning);
    h.send(FleetEvent::worker_spawned(slot, 700));
    EXPECT_EQ(h.state(slot), WorkerState::starting);
}

TEST(FleetSpawn, IsCalledOffOnceBootTimeoutIsOver) {
    SlowSpawns h;
    const std::size_t slot = first(h.crash(0), ActionKind::spawn).slot;
    const Actions late = h.pass(h.fleet.options().boot_timeout);
    EXPECT_EQ(first(late, ActionKind::call_off_spawn).slot, slot);
    EXPECT_TRUE(has_log(late, "was not spawned within 60 s"));
    EXPECT_EQ(h.slots_in(WorkerState::ready).size(), 1u);
    EXPECT_EQ(h.fleet.last_failure(), "was not spawned within 60 s");
}

TEST(FleetSpawn, KeepsItsSlotUntilItIsAnswered) {
    SlowSpawns h;
    const std::size_t slot = first(h.crash(0), ActionKind::spawn).slot;
    const Actions late = h.pass(h.fleet.options().boot_timeout + 5s);
    EXPECT_NE(first(late, ActionKind::spawn).slot, slot);  // the place has gone elsewhere
    EXPECT_EQ(h.state(slot), WorkerState::spawning);
    h.send(FleetEvent::worker_spawn_failed(slot, "called off"));
    EXPECT_EQ(h.state(slot), WorkerState::empty);
}

TEST(FleetSpawn, LeavesOnlyTheRestOfBootTimeoutForTheStart) {
    SlowSpawns h;
    const std::size_t slot = first(h.crash(0), ActionKind::spawn).slot;
    h.pass(h.fleet.options().boot_timeout - 1s);
    h.send(FleetEvent::worker_spawned(slot, 700));
    const Actions late = h.pass(1s);
    EXPECT_EQ(first(late, ActionKind::signal).slot, slot);
    EXPECT_TRUE(has_log(late, "did not become ready within 60 s"));
}

TEST(FleetSpawn, HasNoLimitWithoutBootTimeout) {
    FleetOptions options = plain_options();
    options.boot_timeout = Duration::zero();
    Harness h(options);
    h.answers_spawns = false;
    h.send(FleetEvent::start(1));
    EXPECT_TRUE(h.pass(1h).empty());
}

TEST(FleetSpawn, IsCalledOffWhenFewerAreWanted) {
    SlowSpawns h;
    const std::size_t slot = first(h.send(FleetEvent::scale_to(3)), ActionKind::spawn).slot;
    EXPECT_EQ(first(h.send(FleetEvent::scale_to(2)), ActionKind::call_off_spawn).slot, slot);
    EXPECT_EQ(count(h.send(FleetEvent::worker_spawned(slot, 700)), ActionKind::tell_quit), 1u);
    EXPECT_EQ(h.fleet.ready_count(), 2u);
    h.finish(slot);
    EXPECT_EQ(h.state(slot), WorkerState::empty);
}

TEST(FleetSpawn, OfACanaryThatIsLateRollsBack) {
    SlowSpawns h;
    const std::size_t canary = h.reload_to_canary();
    const Actions late = h.pass(h.fleet.options().boot_timeout);
    EXPECT_EQ(first(late, ActionKind::call_off_spawn).slot, canary);
    EXPECT_EQ(first(late, ActionKind::roll_back_reload).text, "was not spawned within 60 s");
    EXPECT_EQ(count(late, ActionKind::drop_generation), 0u);  // somebody of it may still come
    EXPECT_EQ(count(h.send(FleetEvent::worker_spawn_failed(canary, "called off")), ActionKind::drop_generation), 1u);
    EXPECT_EQ(h.fleet.ready_count(), 2u);
}

TEST(FleetSpawn, ThatCouldNotLoadTheApplicationStopsAFirstStartWithItsCode) {
    Harness h;
    h.answers_spawns = false;
    h.send(FleetEvent::start(2));
    const Actions failed =
        h.send(FleetEvent::worker_spawn_failed(0, "shop.so: no such file", ExitCode::application_not_loaded));
    EXPECT_EQ(first(failed, ActionKind::call_off_spawn).slot, 1u);
    const Action exit = first(h.send(FleetEvent::worker_spawn_failed(1, "called off")), ActionKind::exit_master);
    EXPECT_EQ(exit.code, ExitCode::application_not_loaded);
    EXPECT_EQ(exit.text, "shop.so: no such file");
}

TEST(FleetSpawn, ThatCouldNotLoadTheApplicationIsAFailedStart) {
    FleetOptions options = plain_options();
    options.roll_back_failures = 1;
    Harness h(options);
    h.serve(2);
    h.reload();
    h.finish_all_leaving();
    h.answers_spawns = false;
    const auto ready = h.slots_in(WorkerState::ready);
    const FleetEvent killed = FleetEvent::worker_exited(ready.front(), FleetEvent::kKilled, "was killed by SIGKILL from outside");
    const std::size_t slot = first(h.send(killed), ActionKind::spawn).slot;
    const Actions failed = h.send(FleetEvent::worker_spawn_failed(slot, "it threw", ExitCode::worker_boot_failed));
    EXPECT_TRUE(has_log(failed, "could not be spawned: it threw"));
    EXPECT_TRUE(has_log(failed, "1 times a failed start"));
    EXPECT_EQ(first(failed, ActionKind::prepare_reload).restores, 1u);
}

}  // namespace
}  // namespace girin
