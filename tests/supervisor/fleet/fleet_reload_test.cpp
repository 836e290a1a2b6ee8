#include <gtest/gtest.h>

#include "tests/supervisor/fleet/harness.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

TEST(FleetReload, PreparesBeforeItSpawns) {
    Harness h;
    h.serve(2);
    const Actions actions = h.send(FleetEvent::reload_requested());
    EXPECT_EQ(first(actions, ActionKind::prepare_reload).generation, 2u);
    EXPECT_EQ(count(actions, ActionKind::spawn), 0u);
}

TEST(FleetReload, StartsOneCanaryInASpareSlot) {
    Harness h;
    h.serve(3);
    const std::size_t canary = h.reload_to_canary();
    EXPECT_EQ(h.count_of_generation(2, WorkerState::starting), 1u);
    EXPECT_EQ(h.fleet.worker(canary).generation, 2u);
    EXPECT_EQ(h.fleet.ready_count(), 3u);
}

TEST(FleetReload, WatchesTheCanaryBeforeAnythingElse) {
    Harness h;
    h.serve(2);
    const std::size_t canary = h.reload_to_canary();
    const Actions ready = h.make_ready(canary);
    EXPECT_EQ(count(ready, ActionKind::tell_drain), 0u);
    EXPECT_TRUE(h.pass(499ms).empty());
    EXPECT_EQ(count(h.pass(1ms), ActionKind::tell_drain), 1u);
}

TEST(FleetReload, StartsBeforeItStops) {
    Harness h;
    h.serve(3);
    h.make_ready(h.reload_to_canary());
    const Actions soaked = h.pass(500ms);
    EXPECT_EQ(count(soaked, ActionKind::tell_drain), 1u);
    EXPECT_EQ(count(soaked, ActionKind::spawn), 1u);
    EXPECT_EQ(h.fleet.ready_count(), 3u);
}

TEST(FleetReload, NeverServesWithFewerThanWanted) {
    Harness h;
    h.serve(4);
    h.make_ready(h.reload_to_canary());
    h.pass(500ms);
    while (h.fleet.is_reloading()) {
        EXPECT_GE(h.fleet.ready_count(), 4u);
        h.make_ready(h.slots_in(WorkerState::starting).front());
    }
    EXPECT_EQ(h.fleet.ready_count(), 4u);
}

TEST(FleetReload, GoesInBatchesOfTheSurge) {
    FleetOptions options = plain_options();
    options.surge = 2;
    Harness h(options);
    h.serve(6);
    h.make_ready(h.reload_to_canary());
    EXPECT_EQ(count(h.pass(500ms), ActionKind::spawn), 2u);
}

TEST(FleetReload, CommitsWhenAllNewWorkersAreReady) {
    Harness h;
    h.serve(3);
    const Actions actions = h.reload();
    EXPECT_EQ(first(actions, ActionKind::commit_reload).generation, 2u);
    EXPECT_EQ(h.fleet.generation(), 2u);
    EXPECT_EQ(h.count_of_generation(2, WorkerState::ready), 3u);
    EXPECT_EQ(h.count_of_generation(1, WorkerState::draining), 3u);
}

TEST(FleetReload, DropsTheFormerGenerationWhenItsLastWorkerIsGone) {
    Harness h;
    h.serve(2);
    EXPECT_EQ(count(h.reload(), ActionKind::drop_generation), 0u);
    EXPECT_EQ(count(h.pass(h.fleet.options().roll_back_window), ActionKind::drop_generation), 0u);
    const Actions gone = h.finish_all_leaving();
    EXPECT_EQ(first(gone, ActionKind::drop_generation).generation, 1u);
    EXPECT_EQ(count(gone, ActionKind::drop_generation), 1u);
}

TEST(FleetReload, TakesANewNumberOfWorkersOver) {
    Harness h;
    h.serve(2);
    h.make_ready(h.reload_to_canary(4));
    h.pass(500ms);
    h.make_all_ready();
    EXPECT_EQ(h.fleet.wanted(), 4u);
    EXPECT_EQ(h.fleet.ready_count(), 4u);
}

TEST(FleetReload, PrefersAnOperatorsLaterNumber) {
    Harness h;
    h.serve(2);
    const std::size_t canary = h.reload_to_canary(4);
    h.send(FleetEvent::scale_by(1));
    h.make_ready(canary);
    h.pass(500ms);
    h.make_all_ready();
    EXPECT_EQ(h.fleet.wanted(), 3u);
}

TEST(FleetReload, SkipsASoakOfZero) {
    FleetOptions options = plain_options();
    options.soak = 0s;
    Harness h(options);
    h.serve(1);
    EXPECT_EQ(count(h.make_ready(h.reload_to_canary()), ActionKind::commit_reload), 1u);
}

TEST(FleetReload, WaitsUntilTheFirstStartHasWorked) {
    Harness h;
    h.send(FleetEvent::start(2));
    EXPECT_EQ(count(h.send(FleetEvent::reload_requested()), ActionKind::prepare_reload), 0u);
    EXPECT_EQ(count(h.make_ready(0), ActionKind::prepare_reload), 1u);
}

TEST(FleetReload, CoalescesAStorm) {
    Harness h;
    h.serve(2);
    Actions all;
    for (int i = 0; i < 60; ++i) {
        const Actions actions = h.send(FleetEvent::reload_requested());
        all.insert(all.end(), actions.begin(), actions.end());
    }
    EXPECT_EQ(count(all, ActionKind::prepare_reload), 1u);
    h.send(FleetEvent::reload_refused(2, "no"));
    EXPECT_TRUE(h.fleet.is_reloading());  // the one that waited
    h.send(FleetEvent::reload_refused(3, "no"));
    EXPECT_FALSE(h.fleet.is_reloading());
}

TEST(FleetReload, WaitsWhileTwoFormerGenerationsDrain) {
    Harness h;
    h.serve(2);
    h.reload();
    h.reload();
    EXPECT_EQ(count(h.send(FleetEvent::reload_requested()), ActionKind::prepare_reload), 0u);
    EXPECT_EQ(count(h.finish_all_leaving(), ActionKind::prepare_reload), 1u);
}

TEST(FleetReload, LetsAHangingFormerGenerationNotBlockTheNextForEver) {
    Harness h;
    h.serve(2);
    h.reload();
    h.reload();
    h.send(FleetEvent::reload_requested());
    Actions late = h.pass(32s);  // TERM, then KILL
    for (const std::size_t slot : h.slots_in(WorkerState::killed)) {
        const Actions gone = h.crash(slot);
        late.insert(late.end(), gone.begin(), gone.end());
    }
    EXPECT_EQ(count(late, ActionKind::prepare_reload), 1u);
}

TEST(FleetReload, RespawnsFormerWorkersWhileTheCanaryStarts) {
    Harness h;
    h.serve(2);
    h.reload_to_canary();
    const Actions died = h.crash(0);
    EXPECT_EQ(first(died, ActionKind::spawn).generation, 1u);
    EXPECT_TRUE(h.fleet.is_reloading());
}

TEST(FleetReload, PutsRecyclingOff) {
    Harness h;
    h.serve(2);
    h.reload_to_canary();
    EXPECT_EQ(count(h.send(FleetEvent::worker_asks_recycle(0, "max-requests")), ActionKind::spawn), 0u);
}

TEST(FleetReload, BringsACrashLoopingFleetBack) {
    Harness h;
    h.serve(2);
    for (std::size_t slot : {0u, 1u}) {
        h.crash(slot);
        h.crash(slot);
    }
    ASSERT_TRUE(h.fleet.is_degraded());
    h.make_ready(h.reload_to_canary());
    h.pass(500ms);
    h.make_all_ready();
    EXPECT_EQ(h.fleet.generation(), 2u);
    EXPECT_EQ(h.fleet.ready_count(), 2u);
    EXPECT_FALSE(h.fleet.is_degraded());
}

TEST(FleetRollBack, HappensWhenTheShellRefuses) {
    Harness h;
    h.serve(2);
    h.send(FleetEvent::reload_requested());
    const Actions actions = h.send(FleetEvent::reload_refused(2, "bind 0.0.0.0:80: permission denied"));
    EXPECT_EQ(first(actions, ActionKind::roll_back_reload).text, "bind 0.0.0.0:80: permission denied");
    EXPECT_EQ(first(actions, ActionKind::drop_generation).generation, 2u);
    EXPECT_EQ(h.fleet.ready_count(), 2u);
}

TEST(FleetRollBack, HappensWhenValidationTakesTooLong) {
    Harness h;
    h.serve(1);
    h.send(FleetEvent::reload_requested());
    EXPECT_EQ(count(h.pass(60s), ActionKind::roll_back_reload), 1u);
    EXPECT_TRUE(h.send(FleetEvent::reload_prepared(2, h.fleet.options())).empty());  // too late
}

TEST(FleetRollBack, HappensWhenTheCanaryFailsToBoot) {
    Harness h;
    h.serve(2);
    const std::size_t canary = h.reload_to_canary();
    const Actions actions = h.send(FleetEvent::worker_boot_failed(canary, "application threw: no"));
    EXPECT_EQ(first(actions, ActionKind::roll_back_reload).text, "application threw: no");
    EXPECT_EQ(count(actions, ActionKind::spawn), 0u);
    EXPECT_EQ(count(h.finish(canary), ActionKind::drop_generation), 1u);
    EXPECT_EQ(h.count_of_generation(1, WorkerState::ready), 2u);
}

TEST(FleetRollBack, HappensWhenTheCanaryExits) {
    Harness h;
    h.serve(2);
    const Actions actions = h.crash(h.reload_to_canary());
    EXPECT_EQ(count(actions, ActionKind::roll_back_reload), 1u);
    EXPECT_FALSE(h.fleet.is_degraded());
}

TEST(FleetRollBack, HappensWhenTheCanaryIsLate) {
    Harness h;
    h.serve(1);
    const std::size_t canary = h.reload_to_canary();
    const Actions actions = h.pass(60s);
    EXPECT_EQ(count(actions, ActionKind::roll_back_reload), 1u);
    EXPECT_EQ(first(actions, ActionKind::signal).slot, canary);
}

TEST(FleetRollBack, HappensWhenTheCanaryCanNotBeSpawned) {
    Harness h;
    h.serve(1);
    h.fork_works = false;
    h.send(FleetEvent::reload_requested());
    const Actions actions = h.send(FleetEvent::reload_prepared(2, h.fleet.options()));
    EXPECT_EQ(count(actions, ActionKind::roll_back_reload), 1u);
    EXPECT_EQ(h.fleet.live_count(), 1u);
}

TEST(FleetRollBack, HappensWhenTheCanaryDiesWhileItIsWatched) {
    Harness h;
    h.serve(2);
    const std::size_t canary = h.reload_to_canary();
    h.make_ready(canary);
    h.pass(250ms);
    EXPECT_EQ(count(h.crash(canary), ActionKind::roll_back_reload), 1u);
    EXPECT_EQ(h.fleet.ready_count(), 2u);
    EXPECT_TRUE(h.pass(10s).empty());
}

TEST(FleetRollBack, HappensWhenANewWorkerHangs) {
    Harness h;
    h.serve(2);
    const std::size_t canary = h.reload_to_canary();
    h.make_ready(canary);
    const Actions actions = h.send(FleetEvent::worker_silent(canary, "no sign of life for 30 s"));
    EXPECT_EQ(count(actions, ActionKind::roll_back_reload), 1u);
}

TEST(FleetRollBack, RestoresFormerWorkersThatHadBeenReplaced) {
    Harness h;
    h.serve(3);
    h.make_ready(h.reload_to_canary());
    h.pass(500ms);
    h.make_ready(h.slots_in(WorkerState::starting).front());  // two of three replaced
    const Actions failed = h.crash(h.slots_in(WorkerState::starting).front());
    EXPECT_EQ(count(failed, ActionKind::roll_back_reload), 1u);
    EXPECT_EQ(first(failed, ActionKind::spawn).generation, 1u);
    h.make_all_ready();
    EXPECT_EQ(h.count_of_generation(1, WorkerState::ready), 3u);
    EXPECT_EQ(h.count_of_generation(2, WorkerState::ready), 0u);
}

TEST(FleetRollBack, LetsNewWorkersServeUntilFormerOnesAreBack) {
    Harness h;
    h.serve(2);
    h.make_ready(h.reload_to_canary());
    h.pass(500ms);
    h.crash(h.slots_in(WorkerState::starting).front());
    EXPECT_EQ(h.count_of_generation(2, WorkerState::ready), 1u);
    EXPECT_EQ(h.fleet.ready_count(), 2u);
    h.make_all_ready();
    EXPECT_EQ(h.count_of_generation(2, WorkerState::draining), 1u);
}

TEST(FleetRollBack, DoesNotRespawnAFailedGeneration) {
    Harness h;
    h.serve(2);
    h.make_ready(h.reload_to_canary());
    h.pass(500ms);
    h.crash(h.slots_in(WorkerState::starting).front());
    for (std::size_t slot : h.slots_in(WorkerState::ready)) {
        if (h.fleet.worker(slot).generation != 2) continue;
        for (const Action& action : h.crash(slot)) {
            EXPECT_FALSE(action.kind == ActionKind::spawn && action.generation != 1);
        }
    }
    h.make_all_ready();
    EXPECT_EQ(h.count_of_generation(1, WorkerState::ready), 2u);
}

TEST(FleetRollBack, TakesNewOptionsBack) {
    Harness h;
    h.serve(1);
    h.send(FleetEvent::reload_requested());
    FleetOptions options = plain_options();
    options.boot_timeout = 5s;
    h.send(FleetEvent::reload_prepared(2, options));
    EXPECT_EQ(h.fleet.options().boot_timeout, 5s);
    EXPECT_EQ(count(h.pass(5s), ActionKind::roll_back_reload), 1u);
    EXPECT_EQ(h.fleet.options().boot_timeout, 60s);
}

TEST(FleetRollBack, LetsTheNextReloadRepairIt) {
    Harness h;
    h.serve(2);
    h.crash(h.reload_to_canary());
    EXPECT_EQ(count(h.reload(), ActionKind::commit_reload), 1u);
    EXPECT_EQ(h.fleet.generation(), 3u);
}

TEST(FleetRollBack, LetsTheNextReloadBeginWhenTheFormerCanNotBeRestored) {
    Harness h;
    h.serve(2);
    h.make_ready(h.reload_to_canary());
    h.pass(500ms);
    h.crash(h.slots_in(WorkerState::starting).front());
    h.crash(h.slots_in(WorkerState::starting).front());  // nor does the former generation start any more
    h.finish_all_leaving();
    EXPECT_EQ(count(h.reload(), ActionKind::commit_reload), 1u);
    EXPECT_EQ(h.count_of_generation(3, WorkerState::ready), 2u);
}

// --- a first start that may fail

FleetOptions patient_options() {
    FleetOptions options = plain_options();
    options.outlives_first_failure = true;
    return options;
}

TEST(FleetReload, MendsAFirstStartThatMayFail) {
    Harness h(patient_options());
    h.send(FleetEvent::start(2));
    for (const std::size_t slot : h.slots_in(WorkerState::starting)) {
        h.send(FleetEvent::worker_boot_failed(slot, "no stock file"));
        EXPECT_FALSE(h.fleet.is_stopping());
        h.finish(slot);
    }
    h.reload();
    EXPECT_EQ(h.count_of_generation(2, WorkerState::ready), 2U);
    EXPECT_EQ(h.fleet.generation(), 2U);
    EXPECT_EQ(h.count_of_generation(1, WorkerState::waiting), 0U) << "nothing of the broken code is tried again";
}

TEST(FleetReload, OfBrokenCodeIsRepeatedUntilOneStarts) {
    Harness h(patient_options());
    h.send(FleetEvent::start(1));
    const std::size_t first_slot = h.slots_in(WorkerState::starting).at(0);
    h.send(FleetEvent::worker_boot_failed(first_slot, "no stock file"));
    h.finish(first_slot);
    h.finish_all_leaving();
    const std::size_t canary = h.reload_to_canary();
    const Actions failed = h.send(FleetEvent::worker_boot_failed(canary, "still no stock file"));
    EXPECT_EQ(count(failed, ActionKind::roll_back_reload), 1U);
    h.finish_all_leaving();
    h.reload();
    EXPECT_EQ(h.fleet.generation(), 3U);
    EXPECT_EQ(h.fleet.ready_count(), 1U);
}

}  // namespace
}  // namespace girin
