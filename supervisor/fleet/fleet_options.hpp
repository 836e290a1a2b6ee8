#pragma once

// The Fleet's limits and patience. Plain values that the supervisor fills from its settings. Zero means "at
// once" for a wait, unless said otherwise.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "girin/base/clock.hpp"

namespace girin {

struct FleetOptions {
    std::size_t max_workers = 64;  // the most that may ever be wanted; fixed for the Fleet's life
    std::size_t surge = 1;         // how many more than wanted may serve or start while some are replaced; at least 1
    std::uint64_t seed = 1;        // of the jitter; fixed for the Fleet's life

    Duration boot_timeout = std::chrono::seconds(60);      // spawn to ready, and a reload's validation; 0: no limit
    Duration soak = std::chrono::milliseconds(500);        // a canary must stay well so long
    Duration graceful_timeout = std::chrono::seconds(30);  // told to drain; then TERM
    Duration leaving_limit = std::chrono::seconds(6);      // drained, and clearing away; longer than what is left
    Duration term_grace = std::chrono::seconds(2);         // after TERM; then KILL
    Duration quick_grace = std::chrono::seconds(2);        // told to quit; then KILL
    Duration abort_grace = std::chrono::seconds(1);        // after ABRT; then KILL
    Duration kill_patience = std::chrono::seconds(10);     // after KILL; then KILL again; a stop goes on

    Duration backoff_first = std::chrono::milliseconds(500);  // before the second respawn in a row; doubles each time
    Duration backoff_cap = std::chrono::seconds(30);          // … but never longer
    Duration stable_after = std::chrono::seconds(30);         // ready so long: the row of failures is over
    std::size_t respawn_burst = 20;                           // respawns at once, over all slots
    double respawns_per_second = 5;                           // … and in the long run

    Duration roll_back_window = std::chrono::seconds(30);  // after a reload what it replaced is kept so long; 0: never
    std::size_t roll_back_failures = 3;  // gone back to after so many failures alike, and half as many as workers

    bool outlives_first_failure = false;  // no worker ever ready: try on, and reload, instead of stopping

    FleetOptions() {}

    /// How many slots the scoreboard needs: all that may be wanted, once more for those that drain, and the
    /// surge.
    std::size_t slots() const { return 2 * max_workers + (surge > 0 ? surge : 1); }
};

}  // namespace girin
