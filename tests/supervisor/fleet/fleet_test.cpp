// Starting, scaling, recycling: what happens when nothing fails.

#include <gtest/gtest.h>

#include "tests/supervisor/fleet/harness.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

TEST(Fleet, SpawnsAllWantedWorkersAtOnce) {
    Harness h;
    const Actions actions = h.send(FleetEvent::start(4));
    EXPECT_EQ(count(actions, ActionKind::spawn), 4u);
    EXPECT_EQ(first(actions, ActionKind::spawn).generation, 1u);
    EXPECT_EQ(h.slots_in(WorkerState::starting), (std::vector<std::size_t>{0, 1, 2, 3}));
}

TEST(Fleet, CutsTheWantedNumberToWhatItHasRoomFor) {
    Harness h;
    h.send(FleetEvent::start(1000));
    EXPECT_EQ(h.fleet.wanted(), 8u);
    Harness none;
    none.send(FleetEvent::start(0));
    EXPECT_EQ(none.fleet.wanted(), 1u);
}

TEST(Fleet, HasSlotsForAllThatMayLiveAtOnce) { EXPECT_EQ(Harness().fleet.slots(), 2u * 8 + 1); }

TEST(Fleet, CountsAWorkerAsReadyOnlyWhenItSaysSo) {
    Harness h;
    h.send(FleetEvent::start(2));
    EXPECT_EQ(h.fleet.ready_count(), 0u);
    h.make_ready(1);
    EXPECT_EQ(h.fleet.ready_count(), 1u);
}

TEST(Fleet, NeedsNoDeadlineWhenAllIsWell) {
    Harness h;
    h.serve(4);
    EXPECT_EQ(h.fleet.next_deadline(), std::nullopt);
    EXPECT_TRUE(h.pass(24h).empty());
}

TEST(Fleet, IgnoresMessagesOutOfTurn) {
    Harness h;
    h.serve(1);
    EXPECT_TRUE(h.make_ready(0).empty());
    EXPECT_TRUE(h.send(FleetEvent::worker_boot_failed(0, "too late")).empty());
    EXPECT_TRUE(h.send(FleetEvent::worker_ready(5)).empty());
    EXPECT_TRUE(h.send(FleetEvent::worker_silent(5, "nobody there")).empty());
    EXPECT_EQ(h.fleet.ready_count(), 1u);
}

TEST(Fleet, IgnoresARecycleWishBeforeReady) {
    Harness h;
    h.send(FleetEvent::start(1));
    h.send(FleetEvent::worker_asks_recycle(0, "max-requests"));
    EXPECT_EQ(count(h.make_ready(0), ActionKind::spawn), 0u);
}

TEST(FleetDeathTest, StopsTheProcessOnASlotThatDoesNotExist) {
    Harness h;
    EXPECT_DEATH(h.send(FleetEvent::worker_ready(17)), "slot that exists");
}

TEST(FleetDeathTest, StopsTheProcessOnASecondExitOfOneWorker) {
    Harness h;
    h.serve(2);
    h.send(FleetEvent::scale_by(-1));
    h.finish_all_leaving();
    EXPECT_DEATH(h.finish(0), "each process exits once");
}

TEST(FleetScale, AddsAWorker) {
    Harness h;
    h.serve(2);
    EXPECT_EQ(count(h.send(FleetEvent::scale_by(1)), ActionKind::spawn), 1u);
    EXPECT_EQ(h.fleet.wanted(), 3u);
}

TEST(FleetScale, DrainsTheOldest) {
    Harness h;
    h.serve(2);
    h.crash(0);  // its successor is younger than worker 1
    h.make_all_ready();
    const Actions actions = h.send(FleetEvent::scale_by(-1));
    ASSERT_EQ(count(actions, ActionKind::tell_drain), 1u);
    EXPECT_EQ(first(actions, ActionKind::tell_drain).slot, 1u);
}

TEST(FleetScale, PrefersToEndWhatIsNotReady) {
    Harness h;
    h.serve(2);
    h.send(FleetEvent::scale_by(1));
    const Actions actions = h.send(FleetEvent::scale_by(-1));
    EXPECT_EQ(count(actions, ActionKind::tell_drain), 0u);
    EXPECT_EQ(first(actions, ActionKind::tell_quit).slot, 2u);
    EXPECT_EQ(h.fleet.ready_count(), 2u);
}

TEST(FleetScale, NeverGoesBelowOne) {
    Harness h;
    h.serve(1);
    const Actions actions = h.send(FleetEvent::scale_by(-1));
    EXPECT_EQ(count(actions, ActionKind::tell_drain), 0u);
    EXPECT_TRUE(has_log(actions, "stays 1"));
}

TEST(FleetScale, NeverExceedsItsRoom) {
    Harness h;
    h.serve(8);
    EXPECT_EQ(count(h.send(FleetEvent::scale_by(1)), ActionKind::spawn), 0u);
    h.send(FleetEvent::scale_to(100));
    EXPECT_EQ(h.fleet.wanted(), 8u);
    // FAULTS 7: a number beyond the bounds was cut to them without a word.
    EXPECT_TRUE(has_log(h.send(FleetEvent::scale_by(-20)), "from 8 to 1 workers, the smallest number (asked for -12)"));
    EXPECT_TRUE(has_log(h.send(FleetEvent::scale_to(100)), "from 1 to 8 workers, the largest number (asked for 100)"));
}

TEST(FleetScale, DoesNotReplaceWhoWasScaledAway) {
    Harness h;
    h.serve(3);
    h.send(FleetEvent::scale_to(1));
    EXPECT_EQ(count(h.finish_all_leaving(), ActionKind::spawn), 0u);
    EXPECT_EQ(h.fleet.live_count(), 1u);
}

TEST(FleetScale, RampsUpAndDownAgain) {
    Harness h;
    h.serve(1);
    for (int i = 0; i < 7; ++i) h.send(FleetEvent::scale_by(1));
    h.make_all_ready();
    EXPECT_EQ(h.fleet.ready_count(), 8u);
    for (int i = 0; i < 7; ++i) h.send(FleetEvent::scale_by(-1));
    h.finish_all_leaving();
    EXPECT_EQ(h.fleet.live_count(), 1u);
    EXPECT_EQ(h.fleet.next_deadline(), std::nullopt);
}

TEST(FleetRecycle, StartsTheReplacementFirst) {
    Harness h;
    h.serve(2);
    const Actions asked = h.send(FleetEvent::worker_asks_recycle(0, "max-requests"));
    EXPECT_EQ(count(asked, ActionKind::tell_drain), 0u);
    const std::size_t replacement = first(asked, ActionKind::spawn).slot;
    EXPECT_NE(replacement, 0u);
    const Actions ready = h.make_ready(replacement);
    EXPECT_EQ(first(ready, ActionKind::tell_drain).slot, 0u);
    EXPECT_EQ(h.fleet.ready_count(), 2u);
}

TEST(FleetRecycle, ReplacesOneAtATime) {
    Harness h;
    h.serve(3);
    EXPECT_EQ(count(h.send(FleetEvent::worker_asks_recycle(2, "max-requests")), ActionKind::spawn), 1u);
    EXPECT_EQ(count(h.send(FleetEvent::worker_asks_recycle(1, "max-requests")), ActionKind::spawn), 0u);
    const Actions ready = h.make_all_ready();
    EXPECT_EQ(first(ready, ActionKind::tell_drain).slot, 2u);  // the first that asked
    EXPECT_EQ(count(ready, ActionKind::spawn), 1u);            // only now the second's turn
    EXPECT_EQ(h.state(1), WorkerState::draining);
    EXPECT_EQ(h.fleet.ready_count(), 3u);
}

TEST(FleetRecycle, CountsOneWishOnce) {
    Harness h;
    h.serve(1);
    h.send(FleetEvent::worker_asks_recycle(0, "max-requests"));
    EXPECT_TRUE(h.send(FleetEvent::worker_asks_recycle(0, "max-requests")).empty());
}

TEST(FleetRecycle, KeepsTheOldWorkerWhenItsReplacementFails) {
    Harness h;
    h.serve(1);
    const Actions asked = h.send(FleetEvent::worker_asks_recycle(0, "max-requests"));
    h.crash(first(asked, ActionKind::spawn).slot);
    EXPECT_EQ(h.state(0), WorkerState::ready);
    h.make_all_ready();
    EXPECT_EQ(h.state(0), WorkerState::draining);
    EXPECT_EQ(h.fleet.ready_count(), 1u);
}

TEST(FleetRecycle, NeedsNoSecondReplacementWhenTheOldOneDiesFirst) {
    Harness h;
    h.serve(2);
    h.send(FleetEvent::worker_asks_recycle(0, "max-requests"));
    h.crash(0);
    h.make_all_ready();
    h.finish_all_leaving();
    EXPECT_EQ(h.fleet.live_count(), 2u);
    EXPECT_EQ(h.fleet.ready_count(), 2u);
}

TEST(FleetRecycle, DrainsWithTheGracefulDeadline) {
    Harness h;
    h.serve(1);
    h.send(FleetEvent::worker_asks_recycle(0, "max-requests"));
    EXPECT_EQ(first(h.make_all_ready(), ActionKind::tell_drain).patience, 30s);
}

}  // namespace
}  // namespace girin
