// Shows that each invariant can fail: a bug is put between Fleet and world, and the invariant that is there
// for it must be what breaks first in some of a few episodes. With no bug nothing breaks.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <map>
#include <set>

#include "tests/supervisor/fleet/sim/episode.hpp"
#include "tests/supervisor/fleet/sim/invariants.hpp"

namespace girin::sim {
namespace {

constexpr std::uint64_t kTroubleEvents = 1000;
constexpr int kOften = 3;  // must be in some, not in all: other invariants are there too

/// In how many episodes each invariant was the first to break; looks no further once `wanted` was, often enough.
template <class Bug>
std::map<std::string, int> broken_by(std::string_view wanted, std::uint64_t episodes = 1000,
                                     std::uint64_t trouble_events = kTroubleEvents) {
    std::map<std::string, int> broken;
    for (std::uint64_t seed = 1; seed <= episodes; ++seed) {
        Bug bug;
        const EpisodeResult result = run_episode(seed, trouble_events, bug);
        if (!result.violation) continue;
        const int times = ++broken[result.violation->invariant];
        if (result.violation->invariant == wanted && times == kOften) break;
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

class ForgetsToKill : public DropsActions {
    bool is_dropped(const Action& action, const Fleet&) override { return action.signal_number == SIGKILL; }
};

class ForgetsTimers : public Saboteur {
    using Saboteur::alter;
    std::optional<TimePoint> alter(std::optional<TimePoint>) override { return std::nullopt; }
};

class WaitsForEver : public Saboteur {
    using Saboteur::alter;
    std::optional<TimePoint> alter(std::optional<TimePoint> deadline) override {
        if (deadline) *deadline += std::chrono::hours(1);
        return deadline;
    }
};

class SpawnsTwice : public AddsActions {
    void add(const Action& action, const Fleet&, std::vector<Action>& more) override {
        if (action.kind == ActionKind::spawn) more.push_back(action);
    }
};

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

class NamesNoSlot : public AddsActions {
    void add(const Action& action, const Fleet& fleet, std::vector<Action>& more) override {
        if (action.kind == ActionKind::tell_drain) more.push_back(spawn_in(fleet.slots(), fleet.generation()));
    }
};

class AnswersTwice : public Saboteur {
    using Saboteur::alter;
    std::vector<FleetEvent> alter(FleetEvent event) override {
        if (event.kind != EventKind::worker_spawned && event.kind != EventKind::worker_spawn_failed) return {event};
        return {event, event};
    }
};

class CallsOffTwice : public AddsActions {
    void add(const Action& action, const Fleet&, std::vector<Action>& more) override {
        if (action.kind == ActionKind::call_off_spawn) more.push_back(action);
    }
};

class NeverCallsOff : public DropsActions {
    bool is_dropped(const Action& action, const Fleet&) override { return action.kind == ActionKind::call_off_spawn; }
};

class KeepsLateComers : public Saboteur {
    using Saboteur::alter;
    std::vector<FleetEvent> alter(FleetEvent event) override {
        has_come_ = event.kind == EventKind::worker_spawned && called_off_.contains(event.slot);
        if (event.kind == EventKind::worker_spawned || event.kind == EventKind::worker_spawn_failed) {
            called_off_.erase(event.slot);
        }
        return {event};
    }
    std::vector<Action> alter(std::vector<Action> actions, const Fleet&) override {
        for (const Action& action : actions) {
            if (action.kind == ActionKind::call_off_spawn) called_off_.insert(action.slot);
        }
        if (has_come_) std::erase_if(actions, [](const Action& a) { return a.kind == ActionKind::tell_quit; });
        return actions;
    }

    std::set<std::size_t> called_off_;
    bool has_come_ = false;
};

/// Rewrites what is decided about zygotes: `which` come `times` times.
template <ZygoteAction::Kind which, int times>
class DecidesOfZygotes : public Saboteur {
    using Saboteur::alter;
    Zygotes::Actions alter(Zygotes::Actions actions) override {
        Zygotes::Actions altered;
        for (const ZygoteAction& action : actions) {
            for (int i = 0; i < (action.kind == which ? times : 1); ++i) altered.push_back(action);
        }
        return altered;
    }
};
using StartsTwoZygotes = DecidesOfZygotes<ZygoteAction::Kind::start, 2>;
using ForgetsLateChildren = DecidesOfZygotes<ZygoteAction::Kind::discard, 0>;
using EndsNoZygote = DecidesOfZygotes<ZygoteAction::Kind::end, 0>;

class BelievesAnyPid : public Saboteur {
    using Saboteur::alter;
    ZygoteWord alter(ZygoteWord word) override {
        word.is_ours = word.report.says == ZygoteSays::forked;
        return word;
    }
};

class SignalsAnotherPid : public ChangesActions {
    void change(Action& action, const Fleet&) override { action.pid += is_order(action) ? 1 : 0; }
};

class ReapsTwice : public Saboteur {
    using Saboteur::alter;
    std::vector<FleetEvent> alter(FleetEvent event) override {
        if (event.kind != EventKind::worker_exited) return {event};
        return {event, event};
    }
};

/// While the server stops, exits get lost, and so do the orders that would tell.
class LosesExits : public Saboteur {
    using Saboteur::alter;
    std::vector<FleetEvent> alter(FleetEvent event) override {
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

/// Fills every empty slot at the start, and keeps to itself what becomes of those workers.
class SurgesTooFar : public Saboteur {
    using Saboteur::alter;
    std::vector<FleetEvent> alter(FleetEvent event) override {
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

class MixesGenerations : public ChangesActions {
    void change(Action& action, const Fleet&) override {
        if (action.kind == ActionKind::spawn) action.generation = ++last_;
    }
    std::uint32_t last_ = 1000;
};

class SpawnsOldCode : public ChangesActions {
    void change(Action& action, const Fleet& fleet) override {
        if (action.kind == ActionKind::spawn && fleet.generation() > 4) action.generation = 1;
    }
};

class DropsTooEarly : public AddsActions {
    void add(const Action& action, const Fleet&, std::vector<Action>& more) override {
        if (action.kind != ActionKind::tell_drain) return;
        more.emplace_back(ActionKind::drop_generation).generation = action.generation;
    }
};

class HidesRollBacks : public DropsActions {
    bool is_dropped(const Action& action, const Fleet&) override {
        return action.kind == ActionKind::roll_back_reload;
    }
};

class WatchesOn : public DropsActions {
    bool is_dropped(const Action& action, const Fleet&) override { return action.kind == ActionKind::end_watch; }
};

/// After a roll-back nobody starts the former generation's workers again.
class ForgetsToRestore : public DropsActions {
    bool is_dropped(const Action& action, const Fleet& fleet) override {
        rolled_back_ = rolled_back_ || action.kind == ActionKind::roll_back_reload;
        const bool is_about_it = action.kind == ActionKind::spawn || action.kind == ActionKind::call_off_spawn;
        return rolled_back_ && is_about_it && action.generation == fleet.generation();
    }
    bool rolled_back_ = false;
};

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

class LeavesTooEarly : public AddsActions {
    void add(const Action& action, const Fleet& fleet, std::vector<Action>& more) override {
        if (fleet.is_stopping() && is_wish(action)) more.emplace_back(ActionKind::exit_master);
    }
};

/// The death of the last worker ends the server, instead of another one being spawned.
class GivesUp : public Saboteur {
    using Saboteur::alter;
    std::vector<FleetEvent> alter(FleetEvent event) override {
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

class NeverLeaves : public DropsActions {
    bool is_dropped(const Action& action, const Fleet&) override { return action.kind == ActionKind::exit_master; }
};

/// Says that it goes back, whenever it reloads.
class GoesBackForNothing : public ChangesActions {
    void change(Action& action, const Fleet& fleet) override {
        if (action.kind == ActionKind::prepare_reload && fleet.generation() > 1) action.restores = fleet.generation() - 1;
    }
};

/// … and to a generation that is gone.
class GoesBackTooFar : public ChangesActions {
    void change(Action& action, const Fleet& fleet) override {
        if (action.kind == ActionKind::prepare_reload && fleet.generation() > 4) action.restores = 1;
    }
};

/// After having gone back once, each reload is another way back to the same.
class GoesBackAgain : public ChangesActions {
    void change(Action& action, const Fleet&) override {
        if (action.kind != ActionKind::prepare_reload) return;
        if (action.restores != 0) to_ = action.restores;
        if (to_ != 0) action.restores = to_;
    }
    std::uint32_t to_ = 0;
};

/// With each place that lost its worker all empty slots are filled, and nobody hears of those workers.
class RespawnsInAllSlots : public Saboteur {
    using Saboteur::alter;
    std::vector<FleetEvent> alter(FleetEvent event) override {
        if (event.kind <= EventKind::worker_silent && own_.contains(event.slot)) return {};
        return {event};
    }
    std::vector<Action> alter(std::vector<Action> actions, const Fleet& fleet) override {
        const auto lost = std::ranges::find_if(actions, [](const Action& a) { return a.is_respawn; });
        if (lost == actions.end()) return actions;
        const Action model = *lost;
        for (std::size_t slot = 0; slot < fleet.slots(); ++slot) {
            if (fleet.worker(slot).state != WorkerState::empty || !own_.insert(slot).second) continue;
            Action& more = actions.emplace_back(model);
            more.slot = slot;
        }
        return actions;
    }
    std::set<std::size_t> own_;
};

/// Each crash costs a healthy neighbour too.
class PunishesNeighbours : public Saboteur {
    using Saboteur::alter;
    std::vector<FleetEvent> alter(FleetEvent event) override {
        crashed_ = event.kind == EventKind::worker_exited && event.status == FleetEvent::kSignalled;
        return {event};
    }
    std::vector<Action> alter(std::vector<Action> actions, const Fleet& fleet) override {
        for (std::size_t slot = 0; slot < fleet.slots() && crashed_; ++slot) {
            if (fleet.worker(slot).state != WorkerState::ready) continue;
            Action& kill = actions.emplace_back(ActionKind::signal);
            kill.slot = slot;
            kill.pid = fleet.worker(slot).pid;
            kill.signal_number = SIGTERM;
            crashed_ = false;
        }
        return actions;
    }
    bool crashed_ = false;
};

/// Rewrites the orders of the upgrade: `from` becomes `to`, or goes without one.
template <UpgradeOrder from, UpgradeOrder... to>
class Upgrades : public Saboteur {
    using Saboteur::alter;
    std::vector<UpgradeAction> alter(std::vector<UpgradeAction> actions) override {
        std::vector<UpgradeAction> altered;
        for (const UpgradeAction& action : actions) {
            if (action.order != from) altered.push_back(action);
            if (action.order == from) (altered.emplace_back(to, action.text), ...);
        }
        return altered;
    }
};
using SucceedsTwice = Upgrades<UpgradeOrder::spawn, UpgradeOrder::spawn, UpgradeOrder::spawn>;
using HandsOverUnseen = Upgrades<UpgradeOrder::log, UpgradeOrder::tell_take>;
using RetiresTooEarly = Upgrades<UpgradeOrder::tell_take, UpgradeOrder::retire>;
using ExecutesTooEarly = Upgrades<UpgradeOrder::tell_finish, UpgradeOrder::execute>;
using FailsTwice = Upgrades<UpgradeOrder::failed, UpgradeOrder::failed, UpgradeOrder::failed>;
using FailsInSilence = Upgrades<UpgradeOrder::failed>;
using SparesSuccessors = Upgrades<UpgradeOrder::kill>;

bool is_by_load(const FleetEvent& event) { return event.kind == EventKind::scale_to && !event.text.empty(); }

/// The load's steps go one further than they should.
class ScalesTooFar : public Saboteur {
    using Saboteur::alter;
    std::vector<FleetEvent> alter(FleetEvent event) override {
        if (is_by_load(event)) ++event.count;
        return {event};
    }
};

/// Shows the survey now all busy, now all idle, whatever the load is.
class MisreadsLoad : public Saboteur {
    using Saboteur::alter;
    std::vector<WorkerLook> alter(std::vector<WorkerLook> looks) override {
        constexpr int kLooksEach = 15;
        worked_ += ++looks_ / kLooksEach % 2 == 0 ? std::chrono::hours(1) : std::chrono::hours(0);
        for (WorkerLook& look : looks) look.turns = look.cpu = worked_;
        return looks;
    }
    int looks_ = 0;
    Duration worked_{};
};

class IgnoresLoad : public Saboteur {
    using Saboteur::alter;
    std::vector<FleetEvent> alter(FleetEvent event) override {
        if (is_by_load(event)) return {};
        return {event};
    }
};

/// One that is too large gets its neighbours replaced as well.
class ReadsAnothersMemory : public Saboteur {
    using Saboteur::alter;
    std::vector<WorkerLook> alter(std::vector<WorkerLook> looks) override {
        for (WorkerLook& look : looks) look.resident = std::max(look.resident, looks.front().resident);
        return looks;
    }
};

class IgnoresWear : public Saboteur {
    using Saboteur::alter;
    std::vector<FleetEvent> alter(FleetEvent event) override {
        if (is_said_by_survey(event)) return {};
        return {event};
    }
};

/// A second replacement is started with the first, and nobody hears of it.
class RecyclesTwoAtOnce : public Saboteur {
    using Saboteur::alter;
    std::vector<FleetEvent> alter(FleetEvent event) override {
        is_asked_ = event.kind == EventKind::worker_asks_recycle;
        if (event.kind <= EventKind::worker_silent && event.slot == own_) return {};
        return {event};
    }
    std::vector<Action> alter(std::vector<Action> actions, const Fleet& fleet) override {
        const bool is_answered = is_asked_ && std::ranges::count(actions, ActionKind::spawn, &Action::kind) == 1;
        for (std::size_t slot = 0; slot < fleet.slots() && is_answered && own_ == Action::kNoSlot; ++slot) {
            if (fleet.worker(slot).state == WorkerState::empty) own_ = slot;
        }
        if (is_answered && own_ != Action::kNoSlot) actions.push_back(spawn_in(own_, fleet.generation()));
        return actions;
    }
    bool is_asked_ = false;
    std::size_t own_ = Action::kNoSlot;
};

/// An idle loop says until when it may sleep; these seem to run the same callback for ever.
class TakesIdleForBusy : public Saboteur {
    using Saboteur::alter;
    void alter(ScoreboardSlot& line) override {
        if (line.callback_start_ns == 0) line.callback_start_ns = 1;
    }
};

/// Waiting for a processor counts as having one.
class CountsWaiting : public Saboteur {
    using Saboteur::alter;
    ProcessSample alter(ProcessSample sample) override {
        sample.cpu = sample.cpu.value_or(Duration::zero()) + sample.run_delay.value_or(Duration::zero());
        return sample;
    }
};

class SeesNoDebugger : public Saboteur {
    using Saboteur::alter;
    ProcessSample alter(ProcessSample sample) override {
        if (sample.state == 't') sample.state = 'S';
        return sample;
    }
};

/// Nobody notices that the master has come late.
class IgnoresStandstills : public Saboteur {
    using Saboteur::alter;
    MasterTurn alter(MasterTurn turn) override { return {turn.now, turn.now, Duration::zero()}; }
};

class IgnoresHangs : public Saboteur {
    using Saboteur::alter;
    std::vector<FleetEvent> alter(FleetEvent event) override {
        if (event.kind == EventKind::worker_silent) return {};
        return {event};
    }
};

/// A bug, and the invariant that is there for it.
struct Plant {
    const char* name;
    const char* invariant;
    std::map<std::string, int> (*run)(std::string_view wanted);
};

template <class Bug>
std::map<std::string, int> look_for(std::string_view wanted) {
    return broken_by<Bug>(wanted);
}

constexpr Plant kPlants[] = {
    {"ForgottenKillIsFound", "whom_it_ends_it_kills_at_last", look_for<ForgetsToKill>},
    {"ForgottenTimersAreFound", "fleet_converged", look_for<ForgetsTimers>},
    {"DeadlineTooFarAwayIsFound", "deadlines_are_near_and_ahead", look_for<WaitsForEver>},
    {"DoubleSpawnIsFound", "spawns_only_into_free_slots", look_for<SpawnsTwice>},
    {"SpawnAfterStopIsFound", "spawns_nothing_after_a_stop", look_for<SpawnsWhileStopping>},
    {"SlotThatDoesNotExistIsFound", "acts_only_on_slots_that_exist", look_for<NamesNoSlot>},
    {"OrderForAnotherProcessIsFound", "orders_only_the_process_in_the_slot",
     look_for<SignalsAnotherPid>},
    {"SpawnAnsweredTwiceIsFound", "each_spawn_is_answered_once", look_for<AnswersTwice>},
    {"SpawnCalledOffTwiceIsFound", "calls_off_only_what_is_open", look_for<CallsOffTwice>},
    {"SpawnWaitedForTooLongIsFound", "waits_for_no_spawn_for_ever", look_for<NeverCallsOff>},
    {"LateComerThatStaysIsFound", "late_comers_are_ended", look_for<KeepsLateComers>},
    {"SecondZygoteIsFound", "has_one_zygote_a_generation", look_for<StartsTwoZygotes>},
    {"PidOfAStrangerIsFound", "takes_only_children_of_ours", look_for<BelievesAnyPid>},
    {"ForgottenChildIsFound", "no_child_is_forgotten", look_for<ForgetsLateChildren>},
    {"ZygoteThatStaysIsFound", "no_zygote_outlives_its_generation", look_for<EndsNoZygote>},
    {"ProcessReapedTwiceIsFound", "each_process_is_reaped_once", look_for<ReapsTwice>},
    {"LostExitIsFound", "nobody_dead_is_unreported", look_for<LosesExits>},
    {"TooManyWorkersAreFound", "serves_within_wanted_and_surge", look_for<SurgesTooFar>},
    {"TooManyGenerationsAreFound", "at_most_three_generations_live", look_for<MixesGenerations>},
    {"SpawnOfADroppedGenerationIsFound", "spawns_no_dropped_generation", look_for<SpawnsOldCode>},
    {"GenerationDroppedTooEarlyIsFound", "drops_no_living_generation", look_for<DropsTooEarly>},
    {"ReloadWithoutAnOutcomeIsFound", "each_reload_has_one_outcome", look_for<HidesRollBacks>},
    {"WatchWithoutAnEndIsFound", "each_watch_has_one_end", look_for<WatchesOn>},
    {"ForgottenRestoringIsFound", "fleet_converged",  // short: calm comes before an operator stops the server
     [](std::string_view wanted) { return broken_by<ForgetsToRestore>(wanted, 1000, 200); }},
    {"TwoReplacedAtOnceAreFound", "replacing_never_lowers_the_ready", look_for<ReplacesTwoAtOnce>},
    {"MasterThatLeavesItsWorkersIsFound", "leaves_only_with_nobody_left", look_for<LeavesTooEarly>},
    {"MasterThatGivesUpIsFound", "stops_only_when_asked_or_at_first_start", look_for<GivesUp>},
    {"MasterThatNeverLeavesIsFound", "fleet_stopped", look_for<NeverLeaves>},
    {"WayBackWithoutFaultsIsFound", "goes_back_only_for_faults", look_for<GoesBackForNothing>},
    {"WayBackToNothingIsFound", "goes_back_only_to_what_is_kept", look_for<GoesBackTooFar>},
    {"WayBackTakenTwiceIsFound", "goes_back_only_once", look_for<GoesBackAgain>},
    {"TooManyRespawnsAreFound", "respawns_keep_to_their_rate", look_for<RespawnsInAllSlots>},
    {"TwoProbesAtOnceAreFound", "probes_one_place_at_a_time", look_for<RespawnsInAllSlots>},
    {"HealthyWorkerEndedForAnotherIsFound", "ends_nobody_for_the_faults_of_others",
     look_for<PunishesNeighbours>},
    {"SecondSuccessorIsFound", "starts_one_successor_at_a_time", look_for<SucceedsTwice>},
    {"HandOverWithoutSoakIsFound", "hands_over_only_after_the_soak", look_for<HandsOverUnseen>},
    {"RetiringTooEarlyIsFound", "retires_only_for_one_that_took_over", look_for<RetiresTooEarly>},
    {"ExecutedTooEarlyIsFound", "executes_only_what_has_rehearsed", look_for<ExecutesTooEarly>},
    {"UpgradeThatFailsTwiceIsFound", "each_upgrade_has_one_outcome", look_for<FailsTwice>},
    {"UpgradeWithoutOutcomeIsFound", "no_upgrade_outlives_its_successor", look_for<FailsInSilence>},
    {"SparedSuccessorIsFound", "a_failed_successor_is_killed_at_last", look_for<SparesSuccessors>},
    {"ScalingTooFarIsFound", "load_keeps_to_the_range", look_for<ScalesTooFar>},
    {"ScalingToAndFroIsFound", "steady_load_moves_one_way", look_for<MisreadsLoad>},
    {"IgnoredLoadIsFound", "load_is_answered_in_time", look_for<IgnoresLoad>},
    {"NeedlessRecyclingIsFound", "only_the_worn_out_are_recycled", look_for<ReadsAnothersMemory>},
    {"IgnoredWearIsFound", "the_worn_out_are_noticed", look_for<IgnoresWear>},
    {"TwoRecycledAtOnceAreFound", "recycles_one_at_a_time", look_for<RecyclesTwoAtOnce>},
    {"IdleWorkerEndedIsFound", "the_well_are_left_alone", look_for<TakesIdleForBusy>},
    {"StarvedWorkerEndedIsFound", "the_starved_are_never_ended", look_for<CountsWaiting>},
    {"DebuggedWorkerEndedIsFound", "the_debugged_are_never_ended", look_for<SeesNoDebugger>},
    {"IgnoredStandstillIsFound", "a_standstill_ends_nobody", look_for<IgnoresStandstills>},
    {"IgnoredHangIsFound", "who_hangs_is_ended", look_for<IgnoresHangs>},
};

class PlantedBug : public testing::TestWithParam<Plant> {};

TEST_P(PlantedBug, IsFound) { EXPECT_GT(GetParam().run(GetParam().invariant)[GetParam().invariant], 0); }

INSTANTIATE_TEST_SUITE_P(Each, PlantedBug, testing::ValuesIn(kPlants),
                         [](const testing::TestParamInfo<Plant>& bug) { return std::string(bug.param.name); });

constexpr std::uint64_t kEpisodesWithout = 100;
class NoBug : public Saboteur {};
TEST(PlantedBugs, AreTheOnlyOnes) { EXPECT_TRUE(broken_by<NoBug>("", kEpisodesWithout).empty()); }

TEST(PlantedBugs, AreThereForEachInvariant) {
    std::set<std::string_view> caught, all(all_invariants().begin(), all_invariants().end());
    for (const Plant& plant : kPlants) caught.insert(plant.invariant);
    EXPECT_EQ(caught, all);
}

}  // namespace
}  // namespace girin::sim
