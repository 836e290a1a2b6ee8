#pragma once

// What must always hold, one named function each. They are called for each event before the Fleet sees it,
// for each action before the world performs it, after each decision, and at an episode's end.

#include <span>
#include <string_view>

#include "supervisor/zygote/zygotes.hpp"
#include "tests/supervisor/fleet/sim/witness.hpp"

namespace girin::sim {

/// The names of all, in order.
std::span<const std::string_view> all_invariants();

// For an event, before the Fleet sees it.
void each_process_is_reaped_once(Witness& witness, const FleetEvent& event);
void each_spawn_is_answered_once(Witness& witness, const FleetEvent& event);

void load_keeps_to_the_range(Witness& witness, const FleetEvent& event);
void steady_load_moves_one_way(Witness& witness, const FleetEvent& event);
void only_the_worn_out_are_recycled(Witness& witness, const FleetEvent& event);
/// Four in one: the well, the starved and the debugged aren't, and nobody is for time in which all stood still.
void only_who_hangs_is_ended(Witness& witness, const FleetEvent& event);

// For an action, before the world performs it.
void acts_only_on_slots_that_exist(Witness& witness, const Action& action);
void spawns_only_into_free_slots(Witness& witness, const Action& action);
void orders_only_the_process_in_the_slot(Witness& witness, const Action& action);
void calls_off_only_what_is_open(Witness& witness, const Action& action);
void spawns_nothing_after_a_stop(Witness& witness, const Action& action);
void spawns_no_dropped_generation(Witness& witness, const Action& action);
void drops_no_living_generation(Witness& witness, const Action& action);
void each_reload_has_one_outcome(Witness& witness, const Action& action);
void each_watch_has_one_end(Witness& witness, const Action& action);
void leaves_only_with_nobody_left(Witness& witness, const Action& action);
void stops_only_when_asked_or_at_first_start(Witness& witness, const Action& action);
void goes_back_only_to_what_is_kept(Witness& witness, const Action& action);
void goes_back_only_for_faults(Witness& witness, const Action& action);
void goes_back_only_once(Witness& witness, const Action& action);
void respawns_keep_to_their_rate(Witness& witness, const Action& action);
void probes_one_place_at_a_time(Witness& witness, const Action& action);
void ends_nobody_for_the_faults_of_others(Witness& witness, const Action& action);

// For an order of the upgrade, before the world performs it.
void starts_one_successor_at_a_time(Witness& witness, const UpgradeAction& action);
void hands_over_only_after_the_soak(Witness& witness, const UpgradeAction& action);
void retires_only_for_one_that_took_over(Witness& witness, const UpgradeAction& action);
void executes_only_what_has_rehearsed(Witness& witness, const UpgradeAction& action);
void each_upgrade_has_one_outcome(Witness& witness, const UpgradeAction& action);

// For what is decided about a zygote, before the world performs it; and after it has said something.
void has_one_zygote_a_generation(Witness& witness, const ZygoteAction& action);
void takes_only_children_of_ours(Witness& witness, const ZygoteAction& action);
void no_child_is_forgotten(Witness& witness, pid_t child);

// After a decision of the upgrade.
void no_upgrade_outlives_its_successor(Witness& witness);
void a_failed_successor_is_killed_at_last(Witness& witness);

// After a decision. `ready_ended`: how many ready workers it told to drain or quit.
void serves_within_wanted_and_surge(Witness& witness);
void at_most_three_generations_live(Witness& witness);
void replacing_never_lowers_the_ready(Witness& witness, std::size_t ready_ended);
void deadlines_are_near_and_ahead(Witness& witness);
void whom_it_ends_it_kills_at_last(Witness& witness);
void no_zygote_outlives_its_generation(Witness& witness);
void waits_for_no_spawn_for_ever(Witness& witness);
void late_comers_are_ended(Witness& witness);

void recycles_one_at_a_time(Witness& witness);

// After a survey, and after a look at everyone's signs of life.
void load_is_answered_in_time(Witness& witness);
void the_worn_out_are_noticed(Witness& witness);
void who_hangs_is_ended(Witness& witness);

// At the end.
void nobody_dead_is_unreported(Witness& witness);
void fleet_converged(Witness& witness, bool converged);
void fleet_stopped(Witness& witness);

/// max-lifetime or max-memory.
bool is_said_by_survey(const FleetEvent& event);
/// The number of workers, or what they have to do, changes for another reason than the load.
bool is_disturbance(Witness& witness, const FleetEvent& event);
/// What a survey that is taken now should make of the load.
void note_load(Witness& witness);

void check_survey(Witness& witness);
void check_event(Witness& witness, const FleetEvent& event);
void check_action(Witness& witness, const Action& action);
void check_order(Witness& witness, const UpgradeAction& action);
void check_zygote_action(Witness& witness, const ZygoteAction& action);
void check_upgrade(Witness& witness);
void check_decision(Witness& witness, std::size_t ready_ended);

}  // namespace girin::sim
