#include "tests/supervisor/fleet/sim/invariants.hpp"

#include <algorithm>
#include <csignal>

namespace girin::sim {

namespace {

std::string about(const Action& action) {
    return std::string(to_text(action.kind)) + " slot " + std::to_string(action.slot) + " pid " +
           std::to_string(action.pid) + " generation " + std::to_string(action.generation);
}

constexpr std::string_view kInvariants[] = {
    "each_process_is_reaped_once",
    "each_spawn_is_answered_once",
    "acts_only_on_slots_that_exist",
    "spawns_only_into_free_slots",
    "orders_only_the_process_in_the_slot",
    "calls_off_only_what_is_open",
    "spawns_nothing_after_a_stop",
    "spawns_no_dropped_generation",
    "drops_no_living_generation",
    "each_reload_has_one_outcome",
    "each_watch_has_one_end",
    "leaves_only_with_nobody_left",
    "stops_only_when_asked_or_at_first_start",
    "goes_back_only_to_what_is_kept",
    "goes_back_only_for_faults",
    "goes_back_only_once",
    "respawns_keep_to_their_rate",
    "probes_one_place_at_a_time",
    "ends_nobody_for_the_faults_of_others",
    "starts_one_successor_at_a_time",
    "hands_over_only_after_the_soak",
    "retires_only_for_one_that_took_over",
    "executes_only_what_has_rehearsed",
    "each_upgrade_has_one_outcome",
    "has_one_zygote_a_generation",
    "takes_only_children_of_ours",
    "no_child_is_forgotten",
    "no_zygote_outlives_its_generation",
    "no_upgrade_outlives_its_successor",
    "a_failed_successor_is_killed_at_last",
    "serves_within_wanted_and_surge",
    "at_most_three_generations_live",
    "replacing_never_lowers_the_ready",
    "deadlines_are_near_and_ahead",
    "whom_it_ends_it_kills_at_last",
    "waits_for_no_spawn_for_ever",
    "late_comers_are_ended",
    "load_keeps_to_the_range",
    "steady_load_moves_one_way",
    "load_is_answered_in_time",
    "only_the_worn_out_are_recycled",
    "the_worn_out_are_noticed",
    "recycles_one_at_a_time",
    "the_well_are_left_alone",
    "the_starved_are_never_ended",
    "the_debugged_are_never_ended",
    "a_standstill_ends_nobody",
    "who_hangs_is_ended",
    "nobody_dead_is_unreported",
    "fleet_converged",
    "fleet_stopped",
};

bool is_about_a_slot(const Action& action) {
    return action.kind == ActionKind::spawn || action.kind == ActionKind::tell_drain ||
           action.kind == ActionKind::tell_quit || action.kind == ActionKind::signal;
}

}  // namespace

std::span<const std::string_view> all_invariants() { return kInvariants; }

void Witness::found(std::string name, std::string detail) {
    if (std::ranges::find(kInvariants, name) == std::end(kInvariants)) detail += " (and it is not in the list)";
    if (!violation) violation.emplace(std::move(name), std::move(detail));
}

void Witness::note_fault(const Process& process) {
    if (process.generation == committed && now - committed_at < roll_back_window) ++faults;
}

std::size_t Witness::serving() const {
    return static_cast<std::size_t>(std::ranges::count_if(in_slot, [this](const auto& entry) {
        const Process& p = processes[entry.second];
        return p.ready && !p.told_to_end;
    }));
}

std::size_t Witness::not_leaving() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(in_slot, [this](const auto& entry) { return !processes[entry.second].told_to_end; }));
}

Process* Witness::last_in(std::size_t slot) {
    const auto living = in_slot.find(slot);
    if (living != in_slot.end()) return &processes[living->second];
    const auto last = std::ranges::find(processes.rbegin(), processes.rend(), slot, &Process::slot);
    return last == processes.rend() ? nullptr : &*last;
}

void each_process_is_reaped_once(Witness& witness, const FleetEvent& event) {
    if (event.kind != EventKind::worker_exited) return;
    Process* const last = witness.last_in(event.slot);
    if (last == nullptr || last->alive || ++last->exits_reported != 1) {
        witness.found("each_process_is_reaped_once", "slot " + std::to_string(event.slot));
    }
}

void each_spawn_is_answered_once(Witness& witness, const FleetEvent& event) {
    if (event.kind != EventKind::worker_spawned && event.kind != EventKind::worker_spawn_failed) return;
    Process* const last = witness.last_in(event.slot);
    if (last == nullptr || ++last->answers != 1) {
        witness.found("each_spawn_is_answered_once", "slot " + std::to_string(event.slot));
    }
}

void acts_only_on_slots_that_exist(Witness& witness, const Action& action) {
    if (is_about_a_slot(action) && action.slot >= witness.slots) {
        witness.found("acts_only_on_slots_that_exist", about(action));
    }
}

void spawns_only_into_free_slots(Witness& witness, const Action& action) {
    if (action.kind == ActionKind::spawn && witness.in_slot.contains(action.slot)) {
        witness.found("spawns_only_into_free_slots", about(action));
    }
}

void orders_only_the_process_in_the_slot(Witness& witness, const Action& action) {
    if (!is_about_a_slot(action) || action.kind == ActionKind::spawn) return;
    const auto found = witness.in_slot.find(action.slot);
    // One that has just ended is a zombie with its pid until its exit is reported: the order is harmless.
    const bool is_right = found != witness.in_slot.end() && witness.processes[found->second].pid == action.pid;
    if (!is_right) witness.found("orders_only_the_process_in_the_slot", about(action));
}

void calls_off_only_what_is_open(Witness& witness, const Action& action) {
    if (action.kind != ActionKind::call_off_spawn) return;
    const auto found = witness.in_slot.find(action.slot);
    const bool is_open = found != witness.in_slot.end() && witness.processes[found->second].pid == 0 &&
                         !witness.processes[found->second].called_off;
    if (!is_open) witness.found("calls_off_only_what_is_open", about(action));
}

void spawns_nothing_after_a_stop(Witness& witness, const Action& action) {
    if (action.kind == ActionKind::spawn && (witness.asked_to_stop || witness.exited)) {
        witness.found("spawns_nothing_after_a_stop", about(action));
    }
}

void spawns_no_dropped_generation(Witness& witness, const Action& action) {
    if (action.kind == ActionKind::spawn && witness.dropped.contains(action.generation)) {
        witness.found("spawns_no_dropped_generation", about(action));
    }
}

void drops_no_living_generation(Witness& witness, const Action& action) {
    if (action.kind != ActionKind::drop_generation) return;
    witness.dropped.insert(action.generation);
    for (const auto& [slot, index] : witness.in_slot) {
        if (witness.processes[index].generation == action.generation) {
            witness.found("drops_no_living_generation", about(action));
        }
    }
}

void each_reload_has_one_outcome(Witness& witness, const Action& action) {
    const bool begins = action.kind == ActionKind::prepare_reload;
    const bool ends = action.kind == ActionKind::commit_reload || action.kind == ActionKind::roll_back_reload;
    if (begins && witness.open_reload) witness.found("each_reload_has_one_outcome", "two at once: " + about(action));
    if (ends && witness.open_reload != action.generation) {
        witness.found("each_reload_has_one_outcome", "not running: " + about(action));
    }
    if (begins) witness.open_reload = action.generation;
    if (ends) witness.open_reload.reset();
    if (begins || ends) witness.reload_has_moved = true;
    if (action.kind != ActionKind::commit_reload) return;
    witness.committed = action.generation;
    witness.committed_at = witness.now;
    witness.faults = 0;
}

/// By being over, or by going back; before the next is committed.
void each_watch_has_one_end(Witness& witness, const Action& action) {
    const bool goes_back = action.kind == ActionKind::prepare_reload && action.restores != 0;
    const bool ends = action.kind == ActionKind::end_watch;
    if (ends && witness.watched != action.generation) witness.found("each_watch_has_one_end", "none: " + about(action));
    if (ends || goes_back) witness.watched.reset();
    if (action.kind != ActionKind::commit_reload) return;
    if (witness.watched) witness.found("each_watch_has_one_end", "it goes on: " + about(action));
    if (action.patience > Duration::zero()) witness.watched = action.generation;
}

void leaves_only_with_nobody_left(Witness& witness, const Action& action) {
    if (action.kind != ActionKind::exit_master) return;
    if (!witness.in_slot.empty() || witness.exited) witness.found("leaves_only_with_nobody_left", about(action));
}

void stops_only_when_asked_or_at_first_start(Witness& witness, const Action& action) {
    if (action.kind == ActionKind::exit_master && !witness.asked_to_stop && witness.ever_ready) {
        witness.found("stops_only_when_asked_or_at_first_start", about(action));
    }
}

void goes_back_only_to_what_is_kept(Witness& witness, const Action& action) {
    if (action.kind != ActionKind::prepare_reload || action.restores == 0) return;
    const bool is_kept = action.restores < witness.committed && !witness.dropped.contains(action.restores);
    if (!is_kept) witness.found("goes_back_only_to_what_is_kept", about(action));
}

void goes_back_only_for_faults(Witness& witness, const Action& action) {
    if (action.kind != ActionKind::prepare_reload || action.restores == 0) return;
    if (witness.faults < witness.faults_to_go_back) {
        witness.found("goes_back_only_for_faults", std::to_string(witness.faults) + " faults: " + about(action));
    }
}

void goes_back_only_once(Witness& witness, const Action& action) {
    if (action.kind == ActionKind::commit_reload && action.restores == 0) witness.has_gone_back = false;
    if (action.kind != ActionKind::prepare_reload || action.restores == 0) return;
    if (witness.has_gone_back) witness.found("goes_back_only_once", about(action));
    witness.has_gone_back = true;
}

void respawns_keep_to_their_rate(Witness& witness, const Action& action) {
    if (action.kind != ActionKind::spawn || !action.is_respawn) return;
    const double seconds = std::chrono::duration<double>(witness.now - witness.respawn_tokens_at).count();
    const double tokens = witness.respawn_tokens + seconds * witness.respawns_per_second;
    witness.respawn_tokens = std::min(witness.respawn_burst, tokens) - 1;
    witness.respawn_tokens_at = witness.now;
    constexpr double kRounding = 1e-6;
    if (witness.respawn_tokens < -kRounding) witness.found("respawns_keep_to_their_rate", about(action));
}

void probes_one_place_at_a_time(Witness& witness, const Action& action) {
    if (action.kind != ActionKind::spawn || !action.is_probe) return;
    const auto is_under_way = [](const Process& p) { return p.alive && p.is_probe && !p.ready && !p.told_to_end; };
    for (const auto& [slot, index] : witness.in_slot) {
        if (is_under_way(witness.processes[index])) witness.found("probes_one_place_at_a_time", about(action));
    }
}

void ends_nobody_for_the_faults_of_others(Witness& witness, const Action& action) {
    if (!is_about_a_slot(action) || action.kind == ActionKind::spawn || witness.asked_to_stop) return;
    const auto found = witness.in_slot.find(action.slot);
    if (found == witness.in_slot.end()) return;
    const Process& process = witness.processes[found->second];
    const bool is_well = process.alive && process.ready && !process.told_to_end && !process.has_a_reason;
    const bool is_replaced = witness.open_reload || witness.reload_has_moved || process.generation != witness.committed;
    const bool is_too_many = witness.wanted != witness.wanted_before || witness.not_leaving() > witness.wanted;
    if (is_well && !is_replaced && !is_too_many) witness.found("ends_nobody_for_the_faults_of_others", about(action));
}

void starts_one_successor_at_a_time(Witness& witness, const UpgradeAction& action) {
    if (action.order != UpgradeOrder::spawn) return;
    if (!witness.successors.empty() && witness.successors.back().alive) {
        witness.found("starts_one_successor_at_a_time", std::to_string(witness.successors.size()) + " before");
    }
}

void hands_over_only_after_the_soak(Witness& witness, const UpgradeAction& action) {
    if (action.order != UpgradeOrder::tell_take && action.order != UpgradeOrder::tell_finish) return;
    const Successor last = witness.successors.empty() ? Successor() : witness.successors.back();
    if (action.order == UpgradeOrder::tell_finish && last.failed_at) return;  // it is sent away
    const bool is_ready = last.ready_at.has_value();
    const bool is_proven = is_ready && witness.now - *last.ready_at >= witness.upgrade_soak;
    if (!is_ready || !(is_proven || witness.asked_to_finish)) witness.found("hands_over_only_after_the_soak", action.text);
}

void retires_only_for_one_that_took_over(Witness& witness, const UpgradeAction& action) {
    if (action.order != UpgradeOrder::retire) return;
    const bool is_taken = !witness.successors.empty() && witness.successors.back().taken;
    if (!is_taken) witness.found("retires_only_for_one_that_took_over", action.text);
}

void executes_only_what_has_rehearsed(Witness& witness, const UpgradeAction& action) {
    if (action.order != UpgradeOrder::execute) return;
    const bool is_over = !witness.successors.empty() && witness.successors.back().finished;
    if (!is_over) witness.found("executes_only_what_has_rehearsed", action.text);
}

void each_upgrade_has_one_outcome(Witness& witness, const UpgradeAction& action) {
    const bool ends = action.order == UpgradeOrder::failed || action.order == UpgradeOrder::retire;
    if (ends && !witness.open_upgrade) witness.found("each_upgrade_has_one_outcome", "a second one: " + action.text);
    if (action.order == UpgradeOrder::spawn && witness.open_upgrade) {
        witness.found("each_upgrade_has_one_outcome", "none of the former");
    }
    if (action.order == UpgradeOrder::spawn) witness.open_upgrade = true;
    if (ends) witness.open_upgrade = false;
}

void has_one_zygote_a_generation(Witness& witness, const ZygoteAction& action) {
    if (action.kind != ZygoteAction::Kind::start) return;
    for (const auto& [id, zygote] : witness.zygotes) {
        const bool is_another = zygote.alive && zygote.generation == action.generation;
        if (is_another) witness.found("has_one_zygote_a_generation", "generation " + std::to_string(action.generation));
    }
}

void takes_only_children_of_ours(Witness& witness, const ZygoteAction& action) {
    if (action.kind != ZygoteAction::Kind::take && action.kind != ZygoteAction::Kind::discard) return;
    if (!witness.unknown_children.contains(action.pid)) {
        witness.found("takes_only_children_of_ours", "pid " + std::to_string(action.pid));
    }
}

/// Each that a zygote names is somebody's, or ended.
void no_child_is_forgotten(Witness& witness, pid_t child) {
    if (witness.unknown_children.contains(child)) witness.found("no_child_is_forgotten", "pid " + std::to_string(child));
}

void no_zygote_outlives_its_generation(Witness& witness) {
    for (const auto& [id, zygote] : witness.zygotes) {
        const bool is_needed = !witness.dropped.contains(zygote.generation) && !witness.exited;
        if (zygote.alive && !is_needed) witness.found("no_zygote_outlives_its_generation", std::to_string(zygote.generation));
    }
}

void no_upgrade_outlives_its_successor(Witness& witness) {
    const bool is_gone = !witness.successors.empty() && !witness.successors.back().alive;
    if (is_gone && witness.open_upgrade) witness.found("no_upgrade_outlives_its_successor", "it has no outcome");
}

void a_failed_successor_is_killed_at_last(Witness& witness) {
    for (const Successor& successor : witness.successors) {
        if (!successor.alive || !successor.failed_at || successor.sent_kill) continue;
        if (witness.now - *successor.failed_at > witness.successor_patience) {
            witness.found("a_failed_successor_is_killed_at_last", "it lives");
        }
    }
}

void serves_within_wanted_and_surge(Witness& witness) {
    if (witness.not_leaving() > witness.wanted + witness.surge) {
        witness.found("serves_within_wanted_and_surge", std::to_string(witness.not_leaving()) + " of " +
                                                            std::to_string(witness.wanted) + " wanted");
    }
}

void at_most_three_generations_live(Witness& witness) {
    std::vector<std::uint32_t> generations;
    for (const auto& [slot, index] : witness.in_slot) {
        const std::uint32_t generation = witness.processes[index].generation;
        if (std::ranges::find(generations, generation) == generations.end()) generations.push_back(generation);
    }
    if (generations.size() > 3) {
        witness.found("at_most_three_generations_live", std::to_string(generations.size()) + " generations");
    }
}

void replacing_never_lowers_the_ready(Witness& witness, std::size_t ready_ended) {
    // What a commit has just asked for can't be there yet.
    const std::size_t wanted = std::min(witness.wanted, witness.wanted_before);
    if (ready_ended == 0 || witness.asked_to_stop || witness.serving() >= wanted) return;
    witness.found("replacing_never_lowers_the_ready",
                  std::to_string(witness.serving()) + " serve of " + std::to_string(witness.wanted) + " wanted");
}

void deadlines_are_near_and_ahead(Witness& witness) {
    if (!witness.next_deadline) return;
    const Duration ahead = *witness.next_deadline - witness.now;
    const bool is_overdue = witness.is_tick && ahead <= Duration::zero();
    if (is_overdue || ahead > witness.longest_wait) {
        witness.found("deadlines_are_near_and_ahead", "in " + std::to_string(ahead.count()) + " ns");
    }
}

void whom_it_ends_it_kills_at_last(Witness& witness) {
    for (const auto& [slot, index] : witness.in_slot) {
        const Process& process = witness.processes[index];
        if (!process.told_to_end || process.sent_kill) continue;
        if (witness.now - process.told_at > witness.longest_ladder) {
            witness.found("whom_it_ends_it_kills_at_last", "pid " + std::to_string(process.pid));
        }
    }
}

void waits_for_no_spawn_for_ever(Witness& witness) {
    for (const auto& [slot, index] : witness.in_slot) {
        const Process& process = witness.processes[index];
        if (process.pid != 0 || process.called_off || witness.now - process.asked_at <= witness.longest_spawn) continue;
        witness.found("waits_for_no_spawn_for_ever", "slot " + std::to_string(slot));
    }
}

/// Whoever comes although it was called off is told so at once.
void late_comers_are_ended(Witness& witness) {
    for (const auto& [slot, index] : witness.in_slot) {
        const Process& process = witness.processes[index];
        if (process.answers == 1 && process.called_off && !process.sent_order) {
            witness.found("late_comers_are_ended", "pid " + std::to_string(process.pid));
        }
    }
}

void nobody_dead_is_unreported(Witness& witness) {
    for (const Process& process : witness.processes) {
        if (!process.alive && process.pid != 0 && process.exits_reported != 1) {
            witness.found("nobody_dead_is_unreported", "pid " + std::to_string(process.pid));
        }
    }
}

void fleet_converged(Witness& witness, bool converged) {
    if (!converged && !witness.exited) {
        witness.found("fleet_converged", std::to_string(witness.serving()) + " serve of " +
                                             std::to_string(witness.wanted) + " wanted, " +
                                             std::to_string(witness.in_slot.size()) + " live");
    }
}

void fleet_stopped(Witness& witness) {
    if (!witness.exited) witness.found("fleet_stopped", std::to_string(witness.in_slot.size()) + " live");
}

void check_event(Witness& witness, const FleetEvent& event) {
    each_process_is_reaped_once(witness, event);
    each_spawn_is_answered_once(witness, event);
    load_keeps_to_the_range(witness, event);
    steady_load_moves_one_way(witness, event);
    only_the_worn_out_are_recycled(witness, event);
    only_who_hangs_is_ended(witness, event);
}

void check_action(Witness& witness, const Action& action) {
    acts_only_on_slots_that_exist(witness, action);
    spawns_only_into_free_slots(witness, action);
    orders_only_the_process_in_the_slot(witness, action);
    calls_off_only_what_is_open(witness, action);
    spawns_nothing_after_a_stop(witness, action);
    spawns_no_dropped_generation(witness, action);
    drops_no_living_generation(witness, action);
    each_reload_has_one_outcome(witness, action);
    each_watch_has_one_end(witness, action);
    leaves_only_with_nobody_left(witness, action);
    stops_only_when_asked_or_at_first_start(witness, action);
    goes_back_only_to_what_is_kept(witness, action);
    goes_back_only_for_faults(witness, action);
    goes_back_only_once(witness, action);
    respawns_keep_to_their_rate(witness, action);
    probes_one_place_at_a_time(witness, action);
    ends_nobody_for_the_faults_of_others(witness, action);
}

void check_order(Witness& witness, const UpgradeAction& action) {
    starts_one_successor_at_a_time(witness, action);
    hands_over_only_after_the_soak(witness, action);
    retires_only_for_one_that_took_over(witness, action);
    executes_only_what_has_rehearsed(witness, action);
    each_upgrade_has_one_outcome(witness, action);
}

void check_zygote_action(Witness& witness, const ZygoteAction& action) {
    has_one_zygote_a_generation(witness, action);
    takes_only_children_of_ours(witness, action);
}

void check_upgrade(Witness& witness) {
    no_upgrade_outlives_its_successor(witness);
    a_failed_successor_is_killed_at_last(witness);
}

void check_decision(Witness& witness, std::size_t ready_ended) {
    serves_within_wanted_and_surge(witness);
    at_most_three_generations_live(witness);
    replacing_never_lowers_the_ready(witness, ready_ended);
    deadlines_are_near_and_ahead(witness);
    whom_it_ends_it_kills_at_last(witness);
    waits_for_no_spawn_for_ever(witness);
    late_comers_are_ended(witness);
    no_zygote_outlives_its_generation(witness);
    recycles_one_at_a_time(witness);
}

}  // namespace girin::sim
