#pragma once

// One life of a server: start, trouble, calm, stop; and the same again with many seeds. Not here: the trouble
// itself (world.hpp).

#include <optional>

#include "tests/supervisor/fleet/sim/saboteur.hpp"
#include "tests/supervisor/fleet/sim/witness.hpp"

namespace girin::sim {

struct EpisodeResult {
    std::uint64_t events = 0;
    std::optional<Violation> violation;

    EpisodeResult() = default;
};

/// `trouble_events`: how many events until faults and operators stop.
EpisodeResult run_episode(std::uint64_t seed, std::uint64_t trouble_events, Saboteur& saboteur);

struct RunResult {
    std::uint64_t events = 0;
    std::uint64_t episodes = 0;
    std::uint64_t failed_seed = 0;  // of the episode that broke an invariant
    std::optional<Violation> violation;

    RunResult() = default;
};

/// Episodes with seeds from `seed` on, until there were so many events or one broke an invariant.
RunResult run_episodes(std::uint64_t seed, std::uint64_t events, Saboteur& saboteur);

}  // namespace girin::sim
