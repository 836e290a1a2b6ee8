// The simulator's part for the health judge: workers that spin, block, starve, are stopped or debugged, and a machine that
// is suspended or gives the master no time, all by one seed; looked at as the master does it. What must hold has its
// name, and a planted bug that it has to find, as in planted_bugs_test.cpp.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

#include "supervisor/health/health_judge.hpp"

namespace girin::sim {
namespace {

using namespace std::chrono_literals;

enum class Condition { idle, busy, spins, blocks, starves, debugged };

/// What is wrong with what the judge is told.
enum class Lie { none, suspends_untold, debugger_unseen, waiting_counts_as_running, idle_looks_busy, never_looks_twice };

constexpr std::string_view kInvariants[] = {"the_well_are_left_alone", "the_starved_are_never_ended",
                                            "the_debugged_are_never_ended", "a_suspend_ends_nobody",
                                            "who_hangs_is_found"};

/// One worker and its judge, in virtual time, until something doesn't hold or enough has happened.
class HealthWorld {
  public:
    HealthWorld(std::uint64_t seed, Lie lie) : random_(seed), lie_(lie) {}

    /// The invariant that broke; empty: none.
    std::string run(int conditions) {
        for (int i = 0; i < conditions && broken_.empty(); ++i) live_in(static_cast<Condition>(random_() % 6));
        return broken_;
    }
    std::uint64_t looks() const { return looks_; }

  private:
    static constexpr Duration kTimeout = 5s;
    static constexpr Duration kLook = 250ms;

    void live_in(Condition condition) {
        condition_ = condition;
        begin_callback(condition != Condition::idle);
        had_ = Duration::zero();
        suspended_here_ = false;
        // A busy loop has long callbacks that end in time.
        const Duration longest = condition == Condition::busy ? kTimeout / 2 : 4 * kTimeout;
        const auto drawn = random_() % static_cast<std::uint64_t>(longest.count());
        const TimePoint end = now_ + 1s + Duration(static_cast<std::int64_t>(drawn));
        while (now_ < end && broken_.empty() && !found_) turn();
        const bool hangs = condition == Condition::spins || condition == Condition::blocks;
        const bool had_enough = had_ > 2 * kTimeout && !suspended_here_;
        if (broken_.empty() && hangs && had_enough && !found_) broken_ = "who_hangs_is_found";
        found_ = false;
        begin_callback(false);
        pass(kLook, 0);
        look();
    }

    void turn() {
        const bool sleeps = condition_ != Condition::idle && random_() % 60 == 0;  // the whole machine, for a while
        const Duration suspended = sleeps ? 10 * kTimeout : Duration::zero();
        suspended_here_ = suspended_here_ || sleeps;
        pass(kLook + suspended, sleeps ? 0 : share());
        had_ += kLook;
        if (condition_ == Condition::idle) begin_callback(false);
        total_suspended_ += suspended;
        const bool tells = lie_ != Lie::suspends_untold;
        judge_.on_turn(now_, tells && sleeps ? now_ - suspended : now_, tells ? total_suspended_ : Duration::zero());
        look();
    }

    /// How much of the time it runs, in percent.
    int share() const { return condition_ == Condition::spins ? 98 : condition_ == Condition::starves ? 4 : 0; }

    void pass(Duration time, int percent) {
        now_ += time;
        cpu_ += time * percent / 100;
        if (condition_ == Condition::starves) waited_ += time * 96 / 100;
    }

    void begin_callback(bool busy) {
        const std::int64_t now_ns = now_.time_since_epoch() / 1ns;
        line_.callback_start_ns = busy ? now_ns : 0;
        line_.last_tick_ns = now_ns;
        // An idle loop says until when it may sleep; this one wakes all the time.
        if (lie_ == Lie::idle_looks_busy && !busy) line_.callback_start_ns = 1;
    }

    ProcessSample sample() const {
        ProcessSample sample;
        const bool runs = condition_ == Condition::spins || condition_ == Condition::starves;
        const bool is_debugged = condition_ == Condition::debugged && lie_ != Lie::debugger_unseen;
        sample.state = is_debugged ? 't' : runs ? 'R' : 'S';
        sample.cpu = lie_ == Lie::waiting_counts_as_running ? cpu_ + waited_ : cpu_;
        sample.run_delay = waited_;
        return sample;
    }

    void look() {
        ++looks_;
        if (lie_ == Lie::never_looks_twice && looks_ % 2 == 0) judge_.forget(0);
        const Finding finding = judge_.look(0, line_, TimePoint(), now_, [this] { return sample(); });
        if (finding.kind != Finding::Kind::hangs) return;
        found_ = true;
        if (condition_ == Condition::idle || condition_ == Condition::busy) broken_ = "the_well_are_left_alone";
        if (condition_ == Condition::starves) broken_ = "the_starved_are_never_ended";
        if (condition_ == Condition::debugged) broken_ = "the_debugged_are_never_ended";
        const bool hangs = condition_ == Condition::spins || condition_ == Condition::blocks;
        if (hangs && had_ + kLook < kTimeout) broken_ = "a_suspend_ends_nobody";
    }

    std::mt19937_64 random_;
    Lie lie_;
    HealthJudge judge_{HealthOptions(kTimeout, 1s)};
    ScoreboardSlot line_{};
    Condition condition_ = Condition::idle;
    TimePoint now_{1000s};
    Duration cpu_{}, waited_{}, total_suspended_{};
    Duration had_{};  // in this condition, without suspends
    bool suspended_here_ = false, found_ = false;
    std::uint64_t looks_ = 0;
    std::string broken_;
};

std::map<std::string, int> broken_by(Lie lie) {
    std::map<std::string, int> broken;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const std::string invariant = HealthWorld(seed, lie).run(100);
        if (!invariant.empty()) ++broken[invariant];
    }
    return broken;
}

struct Plant {
    Lie lie;
    std::string_view invariant;
};
constexpr Plant kPlants[] = {{Lie::idle_looks_busy, "the_well_are_left_alone"},
                             {Lie::waiting_counts_as_running, "the_starved_are_never_ended"},
                             {Lie::debugger_unseen, "the_debugged_are_never_ended"},
                             {Lie::suspends_untold, "a_suspend_ends_nobody"},
                             {Lie::never_looks_twice, "who_hangs_is_found"}};

TEST(HealthSimulation, KeepsEveryInvariant) {
    std::uint64_t looks = 0;
    const std::uint64_t first = std::random_device{}();
    for (std::uint64_t seed = first; looks < 200'000; ++seed) {
        HealthWorld world(seed, Lie::none);
        EXPECT_EQ(world.run(200), "") << "seed " << seed;
        looks += world.looks();
        if (testing::Test::HasFailure()) return;
    }
}

TEST(HealthSimulation, FindsEachPlantedBug) {
    for (const Plant& plant : kPlants) EXPECT_GT(broken_by(plant.lie)[std::string(plant.invariant)], 0) << plant.invariant;
}

TEST(HealthSimulation, HasABugForEachInvariant) {
    std::set<std::string_view> caught, all(std::begin(kInvariants), std::end(kInvariants));
    for (const Plant& plant : kPlants) caught.insert(plant.invariant);
    EXPECT_EQ(caught, all);
}

}  // namespace
}  // namespace girin::sim
