#include "tests/supervisor/fleet/sim/episode.hpp"

#include "tests/supervisor/fleet/sim/invariants.hpp"
#include "tests/supervisor/fleet/sim/world.hpp"

namespace girin::sim {

namespace {

// Far more than the waits of one episode add up to; an hour would hide a Fleet that only crawls.
constexpr auto kTimeToConverge = std::chrono::minutes(5);
constexpr auto kTimeToStop = std::chrono::seconds(30);

template <class Condition>
void run_until(World& world, Duration limit, Condition is_reached) {
    const TimePoint end = world.now() + limit;
    while (!is_reached() && world.now() < end && world.step()) {
    }
}

}  // namespace

EpisodeResult run_episode(std::uint64_t seed, std::uint64_t trouble_events, Saboteur& saboteur) {
    World world(seed, saboteur);
    world.start();
    while (world.events() < trouble_events && world.step()) {
    }
    world.calm_down();
    if (!world.witness().asked_to_stop) {
        run_until(world, kTimeToConverge, [&world] { return world.is_converged(); });
        fleet_converged(world.witness(), world.is_converged());
        world.stop_gracefully();
    }
    run_until(world, kTimeToStop, [&world] { return world.is_over(); });
    fleet_stopped(world.witness());
    nobody_dead_is_unreported(world.witness());
    EpisodeResult result;
    result.events = world.events();
    result.violation = world.witness().violation;
    return result;
}

RunResult run_episodes(std::uint64_t seed, std::uint64_t events, Saboteur& saboteur) {
    constexpr std::uint64_t kTroubleEvents = 2000;
    RunResult run;
    while (run.events < events && !run.violation) {
        const std::uint64_t episode_seed = seed + run.episodes;
        EpisodeResult result = run_episode(episode_seed, kTroubleEvents, saboteur);
        ++run.episodes;
        run.events += result.events;
        if (result.violation) run.failed_seed = episode_seed;
        run.violation = std::move(result.violation);
    }
    return run;
}

}  // namespace girin::sim
