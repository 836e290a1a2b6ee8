// The way back from a generation that fails after its commit.

#include <gtest/gtest.h>

#include "tests/supervisor/fleet/harness.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

/// Crashes the first worker of the generation that serves, as often as asked, with a successor in between.
Actions crash_fresh(Harness& h, int times) {
    Actions all;
    for (int i = 0; i < times; ++i) {
        h.make_all_ready();
        for (const std::size_t slot : h.slots_in(WorkerState::ready)) {
            if (h.fleet.worker(slot).generation != h.fleet.generation()) continue;
            const Actions actions = h.crash(slot);
            all.insert(all.end(), actions.begin(), actions.end());
            break;
        }
        if (i + 1 == times) break;  // the last one's consequences are the test's
        const Actions later = h.pass(1s);
        all.insert(all.end(), later.begin(), later.end());
    }
    return all;
}

/// So many workers of generation 2, which has replaced generation 1 whole.
void serve_second(Harness& h, std::size_t workers) {
    h.serve(workers);
    h.reload();
    h.finish_all_leaving();
    ASSERT_EQ(h.fleet.generation(), 2u);
}

TEST(FleetWayBack, IsTakenAfterThreeFailuresAlike) {
    Harness h;
    serve_second(h, 2);
    EXPECT_EQ(count(crash_fresh(h, 2), ActionKind::prepare_reload), 0u);
    const Actions third = crash_fresh(h, 1);
    const Action& back = first(third, ActionKind::prepare_reload);
    EXPECT_EQ(back.generation, 3u);
    EXPECT_EQ(back.restores, 1u);
    EXPECT_TRUE(has_log(third, "roll-back: generation 2 failed after it had taken over: 3 times a crash within 1 s, "
                               "the last: crashed: SIGSEGV; going back to generation 1, as generation 3"));
}

TEST(FleetWayBack, EndsInTheFormerGenerationAsANewOne) {
    Harness h;
    serve_second(h, 2);
    crash_fresh(h, 3);
    const Actions begun = h.send(FleetEvent::reload_prepared(3, h.fleet.options(), 2));
    h.make_ready(first(begun, ActionKind::spawn).slot);
    h.pass(h.fleet.options().soak);
    const Actions done = h.make_all_ready();
    EXPECT_EQ(first(done, ActionKind::commit_reload).restores, 1u);
    EXPECT_EQ(h.fleet.generation(), 3u);
    EXPECT_EQ(first(done, ActionKind::drop_generation).generation, 1u) << "not kept any longer than it is needed";
    EXPECT_TRUE(has_log(done, "generation 3 serves, as generation 1 did"));
}

TEST(FleetWayBack, IsNotTakenTwice) {
    Harness h;
    serve_second(h, 2);
    crash_fresh(h, 3);
    const Actions begun = h.send(FleetEvent::reload_prepared(3, h.fleet.options(), 2));
    h.make_ready(first(begun, ActionKind::spawn).slot);
    h.pass(h.fleet.options().soak);
    h.make_all_ready();
    EXPECT_EQ(count(crash_fresh(h, 6), ActionKind::prepare_reload), 0u);
}

TEST(FleetWayBack, TakesHalfOfALargeFleetsWorkersToFail) {
    FleetOptions options = plain_options();
    Harness h(options);
    serve_second(h, 8);
    EXPECT_EQ(count(crash_fresh(h, 3), ActionKind::prepare_reload), 0u);
    EXPECT_EQ(count(crash_fresh(h, 1), ActionKind::prepare_reload), 1u);
}

TEST(FleetWayBack, IsNotTakenForFailuresThatDiffer) {
    Harness h;
    serve_second(h, 3);
    crash_fresh(h, 2);
    h.make_all_ready();
    h.send(FleetEvent::worker_silent(h.slots_in(WorkerState::ready).front(), "no sign of life for 30 s"));
    h.make_all_ready();
    const std::size_t slot = h.slots_in(WorkerState::ready).front();
    EXPECT_EQ(count(h.send(FleetEvent::worker_exited(slot, 7, "exited with code 7")), ActionKind::prepare_reload), 0u);
}

TEST(FleetWayBack, IsNotTakenForWorkersThatSomebodyKilled) {
    Harness h;
    serve_second(h, 2);
    for (int i = 0; i < 5; ++i) {
        h.make_all_ready();
        const std::size_t slot = h.slots_in(WorkerState::ready).front();
        const Actions actions = h.send(FleetEvent::worker_exited(slot, FleetEvent::kKilled, "was killed by SIGKILL from outside"));
        EXPECT_EQ(count(actions, ActionKind::prepare_reload), 0u);
        h.pass(1s);
    }
}

TEST(FleetWayBack, IsNotTakenForForksThatFail) {
    Harness h;
    serve_second(h, 2);
    h.fork_works = false;
    h.send(FleetEvent::worker_exited(h.slots_in(WorkerState::ready).front(), FleetEvent::kKilled, "was killed"));
    EXPECT_EQ(count(h.pass(10s), ActionKind::prepare_reload), 0u);
}

TEST(FleetWayBack, IsClosedAfterTheWindow) {
    Harness h;
    serve_second(h, 2);
    const Actions over = h.pass(h.fleet.options().roll_back_window);
    EXPECT_EQ(first(over, ActionKind::drop_generation).generation, 1u);
    EXPECT_EQ(first(over, ActionKind::end_watch).generation, 2u);
    EXPECT_EQ(first(over, ActionKind::end_watch).text, "") << "it has stayed well";
    EXPECT_EQ(count(crash_fresh(h, 5), ActionKind::prepare_reload), 0u);
}

TEST(FleetWayBack, IsGivenUpForTheNextReload) {
    Harness h;
    serve_second(h, 2);
    const Actions next = h.reload();
    EXPECT_EQ(first(next, ActionKind::end_watch).generation, 2u);
    EXPECT_EQ(first(next, ActionKind::end_watch).text, "generation 3 followed before it had proved itself");
    EXPECT_EQ(first(next, ActionKind::commit_reload).patience, h.fleet.options().roll_back_window);
}

TEST(FleetWayBack, IsNeverThereWithoutAWindow) {
    FleetOptions options = plain_options();
    options.roll_back_window = 0s;
    Harness h(options);
    serve_second(h, 2);
    EXPECT_EQ(count(crash_fresh(h, 5), ActionKind::prepare_reload), 0u);
}

TEST(FleetWayBack, IsNotTakenToWhatWasNoBetter) {
    Harness h;
    h.serve(2);
    crash_fresh(h, 2);
    h.pass(1s);
    crash_fresh(h, 1);
    h.pass(2s);
    ASSERT_TRUE(h.fleet.is_degraded());
    h.make_all_ready();
    h.reload();
    h.finish_all_leaving();
    ASSERT_EQ(h.fleet.generation(), 2u);
    const Actions actions = crash_fresh(h, 3);
    EXPECT_EQ(count(actions, ActionKind::prepare_reload), 0u);
    EXPECT_TRUE(has_log(actions, "degraded: generation 2 failed after it had taken over"));
    EXPECT_TRUE(has_log(actions, "generation 1 was no better, and is not gone back to"));
}

TEST(FleetWayBack, ComesAfterAnOperatorsReload) {
    Harness h;
    serve_second(h, 2);
    crash_fresh(h, 2);
    const Actions asked = h.send(FleetEvent::reload_requested());
    ASSERT_EQ(first(asked, ActionKind::prepare_reload).restores, 0u);
    EXPECT_EQ(count(crash_fresh(h, 2), ActionKind::prepare_reload), 0u);
    h.send(FleetEvent::reload_refused(3, "settings: line 1: what?"));
    EXPECT_EQ(first(crash_fresh(h, 1), ActionKind::prepare_reload).restores, 1u);
}

TEST(FleetWayBack, ThatIsClosedLeavesTheServerDegraded) {
    Harness h;
    serve_second(h, 2);
    crash_fresh(h, 3);
    const Actions refused = h.send(FleetEvent::reload_refused(3, "./shop.so: was loaded in place, and may have changed"));
    EXPECT_EQ(first(refused, ActionKind::roll_back_reload).generation, 3u);
    EXPECT_TRUE(has_log(refused, "degraded: there is no way back: generation 3 failed, generation 2 serves on: "
                                 "./shop.so: was loaded in place"));
    EXPECT_EQ(first(refused, ActionKind::drop_generation).generation, 1u);
    EXPECT_EQ(count(crash_fresh(h, 3), ActionKind::prepare_reload), 0u);
}

TEST(FleetWayBack, WaitsWhileThreeGenerationsLive) {
    Harness h;
    h.serve(2);
    h.reload();  // the first generation still drains
    h.reload();  // and so does the second
    ASSERT_EQ(h.fleet.generation(), 3u);
    EXPECT_EQ(count(crash_fresh(h, 3), ActionKind::prepare_reload), 0u);
    EXPECT_TRUE(h.fleet.has_pending_reload());
    EXPECT_EQ(first(h.finish_all_leaving(), ActionKind::prepare_reload).restores, 2u);
}

TEST(FleetWayBack, IsForgottenByAStop) {
    Harness h;
    serve_second(h, 2);
    crash_fresh(h, 2);
    h.send(FleetEvent::stop_graceful());
    EXPECT_EQ(count(h.finish_all_leaving(), ActionKind::exit_master), 1u);
}

}  // namespace
}  // namespace girin
