// The simulator: a million events and more through one Fleet after another, with every invariant looked at
// after each. The seed is printed first; an episode that failed is run alone, and told event by event, by
// `fleet_sim --seed S --events 1 --trace 1`. With --long, or GIRIN_LONG=1, it is a hundred times as much, in builds that are
// optimised and not sanitized; elsewhere ten times.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <string_view>

#include "tests/support/deadline.hpp"
#include "tests/supervisor/fleet/sim/episode.hpp"

namespace {
std::uint64_t g_seed = 0;
std::uint64_t g_events = 1'000'000;
#ifdef __OPTIMIZE__
const std::uint64_t kLongFactor = girin::test::kSlowBuildFactor > 1 ? 10 : 100;
#else
constexpr std::uint64_t kLongFactor = 10;
#endif
bool g_trace = false;

/// Alters nothing, and tells what passes.
class Tracer : public girin::sim::Saboteur {
  public:
    using Saboteur::alter;
    std::vector<girin::FleetEvent> alter(girin::FleetEvent event) override {
        if (g_trace) std::cout << to_text(event.kind) << " slot " << event.slot << " " << event.text << "\n";
        return {std::move(event)};
    }
    std::vector<girin::Action> alter(std::vector<girin::Action> actions, const girin::Fleet& fleet) override {
        for (const girin::Action& action : actions) {
            if (!g_trace) break;
            std::cout << "    " << to_text(action.kind) << " slot " << static_cast<int>(action.slot) << " pid "
                      << action.pid << " generation " << action.generation << " " << action.text << "\n";
        }
        if (g_trace) std::cout << "    " << fleet.ready_count() << " ready of " << fleet.wanted() << "\n";
        return actions;
    }
};
}  // namespace

TEST(FleetSimulation, KeepsEveryInvariantThroughAMillionEvents) {
    std::cout << "seed " << g_seed << ", at least " << g_events << " events" << std::endl;
    Tracer tracer;
    const girin::sim::RunResult run = girin::sim::run_episodes(g_seed, g_events, tracer);
    std::cout << run.events << " events in " << run.episodes << " episodes" << std::endl;
    ASSERT_FALSE(run.violation) << run.violation->invariant << ": " << run.violation->detail
                                << "; again with --seed " << run.failed_seed << " --events 1 --trace 1";
    EXPECT_GE(run.events, g_events);
}

TEST(FleetSimulation, GivesTheSameRunForTheSameSeed) {
    girin::sim::Saboteur nobody;
    const auto first = girin::sim::run_episode(g_seed, 2000, nobody);
    const auto second = girin::sim::run_episode(g_seed, 2000, nobody);
    EXPECT_EQ(first.events, second.events);
}

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    g_seed = std::random_device{}();
    const char* const wants_long = std::getenv("GIRIN_LONG");
    bool is_long = wants_long != nullptr && std::string_view(wants_long) == "1";
    for (int i = 1; i < argc; ++i) is_long = is_long || std::string_view(argv[i]) == "--long";
    if (is_long) g_events *= kLongFactor;
    for (int i = 1; i + 1 < argc; ++i) {
        const std::string_view flag = argv[i];
        const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
        if (flag == "--seed") g_seed = value;
        if (flag == "--events") g_events = value;
        if (flag == "--trace") g_trace = value != 0;
    }
    return RUN_ALL_TESTS();
}
