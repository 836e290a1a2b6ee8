// A pause: no workers for a while, as the old master of an upgrade by hand has it.

#include <gtest/gtest.h>

#include "tests/supervisor/fleet/harness.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;

TEST(FleetPause, DrainsAllWorkersAndStays) {
    Harness h;
    h.serve(3);
    const Actions paused = h.send(FleetEvent::pause());
    EXPECT_EQ(count(paused, ActionKind::tell_drain), 3u);
    EXPECT_TRUE(h.fleet.is_paused());
    const Actions ended = h.finish_all_leaving();
    EXPECT_EQ(count(ended, ActionKind::exit_master), 0u);
    EXPECT_EQ(count(h.pass(60s), ActionKind::spawn), 0u);
}

TEST(FleetPause, EndsWithAsManyWorkersAsBefore) {
    Harness h;
    h.serve(3);
    h.send(FleetEvent::pause());
    h.finish_all_leaving();
    EXPECT_EQ(count(h.send(FleetEvent::resume()), ActionKind::spawn), 3u);
    EXPECT_FALSE(h.fleet.is_paused());
    EXPECT_EQ(h.fleet.generation(), 1u);
}

TEST(FleetPause, EndsWithAReloadsRequestWithoutReloading) {
    Harness h;
    h.serve(2);
    h.send(FleetEvent::pause());
    const Actions resumed = h.send(FleetEvent::reload_requested());
    EXPECT_EQ(count(resumed, ActionKind::spawn), 2u);
    EXPECT_EQ(count(resumed, ActionKind::prepare_reload), 0u);
    EXPECT_EQ(h.fleet.generation(), 1u);
}

TEST(FleetPause, EndsWithANewNumber) {
    Harness h;
    h.serve(2);
    h.send(FleetEvent::pause());
    EXPECT_EQ(count(h.send(FleetEvent::scale_to(1)), ActionKind::spawn), 1u);
    EXPECT_FALSE(h.fleet.is_paused());
    EXPECT_EQ(count(h.send(FleetEvent::resume()), ActionKind::spawn), 0u);
}

TEST(FleetPause, DoesNotEndWhenOneFewerIsWanted) {
    Harness h;
    h.serve(2);
    h.send(FleetEvent::pause());
    EXPECT_EQ(count(h.send(FleetEvent::scale_by(-1)), ActionKind::spawn), 0u);
    EXPECT_TRUE(h.fleet.is_paused());
    EXPECT_EQ(count(h.send(FleetEvent::resume()), ActionKind::spawn), 2u);
}

TEST(FleetPause, IsRefusedInTheMiddleOfAReload) {
    Harness h;
    h.serve(2);
    h.reload_to_canary();
    EXPECT_TRUE(has_log(h.send(FleetEvent::pause()), "not while a reload is under way"));
    EXPECT_FALSE(h.fleet.is_paused());
}

TEST(FleetPause, CanBeStopped) {
    Harness h;
    h.serve(2);
    h.send(FleetEvent::pause());
    h.send(FleetEvent::stop_graceful());
    EXPECT_EQ(count(h.finish_all_leaving(), ActionKind::exit_master), 1u);
}

}  // namespace
}  // namespace girin
