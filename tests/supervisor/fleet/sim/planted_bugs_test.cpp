// Shows that each invariant can fail: a bug is put between Fleet and world, and the invariant that is there
// for it must be what breaks first in some of a few episodes. With no bug nothing breaks.

#include <gtest/gtest.h>

#include <csignal>
#include <iostream>
#include <map>
#include <set>

#include "tests/supervisor/fleet/sim/episode.hpp"

namespace girin::sim {
namespace {

constexpr std::uint64_t kEpisodes = 40;

/// In how many episodes each invariant was the first to break.
template <class Bug>
std::map<std::string, int> broken_by(std::uint64_t trouble_events = 1000) {
    std::map<std::string, int> broken;
    for (std::uint64_t seed = 1; seed <= kEpisodes; ++seed) {
        Bug bug;
        const EpisodeResult result = run_episode(seed, trouble_events, bug);
        if (result.violation) ++broken[result.violation->invariant];
    }
    for (const auto& [invariant, times] : broken) std::cout << times << " × " << invariant << "\n";
    return broken;
}

/// Takes away the actions that `is_dropped` names.
class DropsActions : public Saboteur {
  public:
    using Saboteur::alter;
    std::vector<Action> alter(std::vector<Action> actions, const Fleet& fleet) override {
        std::erase_if(actions, [&](const Action& action) { return is_dropped(action, fleet); });
        return actions;
    }

  protected:
    virtual bool is_dropped(const Action& action, const Fleet& fleet) = 0;
};

/// Appends actions of its own.
class AddsActions : public Saboteur {
  public:
    using Saboteur::alter;
    std::vector<Action> alter(std::vector<Action> actions, const Fleet& fleet) override {
        std::vector<Action> more;
        for (const Action& action : actions) add(action, fleet, more);
        actions.insert(actions.end(), more.begin(), more.end());
        return actions;
    }

  protected:
    virtual void add(const Action& action, const Fleet& fleet, std::vector<Action>& more) = 0;
};

/// Rewrites actions in place.
class ChangesActions : public Saboteur {
  public:
    using Saboteur::alter;
    std::vector<Action> alter(std::vector<Action> actions, const Fleet& fleet) override {
        for (Action& action : actions) change(action, fleet);
        return actions;
    }

  protected:
    virtual void change(Action& action, const Fleet& fleet) = 0;
};

Action spawn_in(std::size_t slot, std::uint32_t generation) {
    Action action(ActionKind::spawn);
    action.slot = slot;
    action.generation = generation;
    return action;
}

bool is_order(const Action& action) {
    return action.kind == ActionKind::tell_drain || action.kind == ActionKind::tell_quit ||
           action.kind == ActionKind::signal;
}

bool is_wish(const Action& action) { return is_order(action) && action.kind != ActionKind::signal; }

class NoBug : public Saboteur {};
TEST(PlantedBug, NothingBreaksWhereThereIsNone) { EXPECT_TRUE(broken_by<NoBug>().empty()); }

class ForgetsToKill : public DropsActions {
    bool is_dropped(const Action& action, const Fleet&) override { return action.signal_number == SIGKILL; }
};
TEST(PlantedBug, ForgottenKillIsFound) {
    EXPECT_GT(broken_by<ForgetsToKill>()["whom_it_ends_it_kills_at_last"], 0);
}

class ForgetsTimers : public Saboteur {
    using Saboteur::alter;
    std::optional<TimePoint> alter(std::optional<TimePoint>) override { return std::nullopt; }
};
TEST(PlantedBug, ForgottenTimersAreFound) { EXPECT_GT(broken_by<ForgetsTimers>()["fleet_converged"], 0); }

class WaitsForEver : public Saboteur {
    using Saboteur::alter;
    std::optional<TimePoint> alter(std::optional<TimePoint> deadline) override {
        if (deadline) *deadline += std::chrono::hours(1);
        return deadline;
    }
};
TEST(PlantedBug, DeadlineTooFarAwayIsFound) {
    EXPECT_GT(broken_by<WaitsForEver>()["deadlines_are_near_and_ahead"], 0);
}

class SpawnsTwice : public AddsActions {
    void add(const Action& action, const Fleet&, std::vector<Action>& more) override {
        if (action.kind == ActionKind::spawn) more.push_back(action);
    }
};
TEST(PlantedBug, DoubleSpawnIsFound) { EXPECT_GT(broken_by<SpawnsTwice>()["spawns_only_into_free_slots"], 0); }

class SpawnsWhileStopping : public AddsActions {
    void add(const Action& action, const Fleet& fleet, std::vector<Action>& more) override {
        for (std::size_t slot = 0; slot < fleet.slots(); ++slot) {
            const bool is_empty = fleet.worker(slot).state == WorkerState::empty;
            // A stop of the fleet's own, at a first start that failed, isn't what this is about.
            const bool was_asked = fleet.is_stopping() && fleet.exit_code() == ExitCode::ok;
            if (!was_asked || !is_wish(action) || !is_empty) continue;
            more.push_back(spawn_in(slot, fleet.generation()));
        }
    }
};
TEST(PlantedBug, SpawnAfterStopIsFound) {
    EXPECT_GT(broken_by<SpawnsWhileStopping>()["spawns_nothing_after_a_stop"], 0);
}

class NamesNoSlot : public AddsActions {
    void add(const Action& action, const Fleet& fleet, std::vector<Action>& more) override {
        if (action.kind == ActionKind::tell_drain) more.push_back(spawn_in(fleet.slots(), fleet.generation()));
    }
};
TEST(PlantedBug, SlotThatDoesNotExistIsFound) {
    EXPECT_GT(broken_by<NamesNoSlot>()["acts_only_on_slots_that_exist"], 0);
}

class SignalsAnotherPid : public ChangesActions {
    void change(Action& action, const Fleet&) override { action.pid += is_order(action) ? 1 : 0; }
};
TEST(PlantedBug, OrderForAnotherProcessIsFound) {
    EXPECT_GT(broken_by<SignalsAnotherPid>()["orders_only_the_process_in_the_slot"], 0);
}

class ReapsTwice : public Saboteur {
    using Saboteur::alter;
    std::vector<Event> alter(Event event) override {
        if (event.kind != EventKind::worker_exited) return {event};
        return {event, event};
    }
};
TEST(PlantedBug, ProcessReapedTwiceIsFound) {
    EXPECT_GT(broken_by<ReapsTwice>()["each_process_is_reaped_once"], 0);
}

/// While the server stops, exits get lost, and so do the orders that would tell.
class LosesExits : public Saboteur {
    using Saboteur::alter;
    std::vector<Event> alter(Event event) override {
        stops_ = stops_ || event.kind == EventKind::stop_graceful;
        if (!stops_ || event.kind != EventKind::worker_exited) return {event};
        lost_.insert(event.slot);
        return {};
    }
    std::vector<Action> alter(std::vector<Action> actions, const Fleet&) override {
        std::erase_if(actions, [this](const Action& a) { return is_order(a) && lost_.contains(a.slot); });
        return actions;
    }

    bool stops_ = false;
    std::set<std::size_t> lost_;
};
TEST(PlantedBug, LostExitIsFound) { EXPECT_GT(broken_by<LosesExits>()["nobody_dead_is_unreported"], 0); }

/// Fills every empty slot at the start, and keeps to itself what becomes of those workers.
class SurgesTooFar : public Saboteur {
    using Saboteur::alter;
    std::vector<Event> alter(Event event) override {
        if (event.kind <= EventKind::worker_silent && own_.contains(event.slot)) return {};
        return {event};
    }
    std::vector<Action> alter(std::vector<Action> actions, const Fleet& fleet) override {
        for (std::size_t slot = 0; slot < fleet.slots() && !has_begun_; ++slot) {
            if (fleet.worker(slot).state != WorkerState::empty) continue;
            actions.push_back(spawn_in(slot, 1));
            own_.insert(slot);
        }
        has_begun_ = true;
        return actions;
    }

    bool has_begun_ = false;
    std::set<std::size_t> own_;
};
TEST(PlantedBug, TooManyWorkersAreFound) {
    EXPECT_GT(broken_by<SurgesTooFar>()["serves_within_wanted_and_surge"], 0);
}

class MixesGenerations : public ChangesActions {
    void change(Action& action, const Fleet&) override {
        if (action.kind == ActionKind::spawn) action.generation = ++last_;
    }
    std::uint32_t last_ = 1000;
};
TEST(PlantedBug, TooManyGenerationsAreFound) {
    EXPECT_GT(broken_by<MixesGenerations>()["at_most_three_generations_live"], 0);
}

class SpawnsOldCode : public ChangesActions {
    void change(Action& action, const Fleet& fleet) override {
        if (action.kind == ActionKind::spawn && fleet.generation() > 4) action.generation = 1;
    }
};
TEST(PlantedBug, SpawnOfADroppedGenerationIsFound) {
    EXPECT_GT(broken_by<SpawnsOldCode>()["spawns_no_dropped_generation"], 0);
}

class DropsTooEarly : public AddsActions {
    void add(const Action& action, const Fleet&, std::vector<Action>& more) override {
        if (action.kind != ActionKind::tell_drain) return;
        more.emplace_back(ActionKind::drop_generation).generation = action.generation;
    }
};
TEST(PlantedBug, GenerationDroppedTooEarlyIsFound) {
    EXPECT_GT(broken_by<DropsTooEarly>()["drops_no_living_generation"], 0);
}

class HidesRollBacks : public DropsActions {
    bool is_dropped(const Action& action, const Fleet&) override {
        return action.kind == ActionKind::roll_back_reload;
    }
};
TEST(PlantedBug, ReloadWithoutAnOutcomeIsFound) {
    EXPECT_GT(broken_by<HidesRollBacks>()["each_reload_has_one_outcome"], 0);
}

/// After a roll-back nobody starts the former generation's workers again.
class ForgetsToRestore : public DropsActions {
    bool is_dropped(const Action& action, const Fleet& fleet) override {
        rolled_back_ = rolled_back_ || action.kind == ActionKind::roll_back_reload;
        return rolled_back_ && action.kind == ActionKind::spawn && action.generation == fleet.generation();
    }
    bool rolled_back_ = false;
};
TEST(PlantedBug, ForgottenRestoringIsFound) {
    // Short, so that calm comes before an operator stops the server, which then shows it too.
    EXPECT_GT(broken_by<ForgetsToRestore>(200)["fleet_converged"], 0);
}

/// Drains a second worker with each that is replaced.
class ReplacesTwoAtOnce : public AddsActions {
    void add(const Action& action, const Fleet& fleet, std::vector<Action>& more) override {
        if (action.kind != ActionKind::tell_drain || fleet.is_stopping()) return;
        for (std::size_t slot = 0; slot < fleet.slots() && more.empty(); ++slot) {
            if (fleet.worker(slot).state != WorkerState::ready) continue;
            Action& drain = more.emplace_back(ActionKind::tell_drain);
            drain.slot = slot;
            drain.pid = fleet.worker(slot).pid;
        }
    }
};
TEST(PlantedBug, TwoReplacedAtOnceAreFound) {
    EXPECT_GT(broken_by<ReplacesTwoAtOnce>()["replacing_never_lowers_the_ready"], 0);
}

class LeavesTooEarly : public AddsActions {
    void add(const Action& action, const Fleet& fleet, std::vector<Action>& more) override {
        if (fleet.is_stopping() && is_wish(action)) more.emplace_back(ActionKind::exit_master);
    }
};
TEST(PlantedBug, MasterThatLeavesItsWorkersIsFound) {
    EXPECT_GT(broken_by<LeavesTooEarly>()["leaves_only_with_nobody_left"], 0);
}

/// The death of the last worker ends the server, instead of another one being spawned.
class GivesUp : public Saboteur {
    using Saboteur::alter;
    std::vector<Event> alter(Event event) override {
        served_ = served_ || event.kind == EventKind::worker_ready;
        return {event};
    }
    std::vector<Action> alter(std::vector<Action> actions, const Fleet& fleet) override {
        const bool is_last = fleet.live_count() == 1 && fleet.ready_count() == 0;
        for (Action& action : actions) {
            if (served_ && is_last && action.kind == ActionKind::spawn) action = Action(ActionKind::exit_master);
        }
        return actions;
    }
    bool served_ = false;
};
TEST(PlantedBug, MasterThatGivesUpIsFound) {
    EXPECT_GT(broken_by<GivesUp>()["stops_only_when_asked_or_at_first_start"], 0);
}

class NeverLeaves : public DropsActions {
    bool is_dropped(const Action& action, const Fleet&) override { return action.kind == ActionKind::exit_master; }
};
TEST(PlantedBug, MasterThatNeverLeavesIsFound) { EXPECT_GT(broken_by<NeverLeaves>()["fleet_stopped"], 0); }

}  // namespace
}  // namespace girin::sim
