// What must always hold of what the survey and the judge of hangs ask the Fleet for.

#include <algorithm>

#include "tests/supervisor/fleet/sim/invariants.hpp"

namespace girin::sim {

using namespace std::chrono_literals;

namespace {

bool is_said_by_load(const FleetEvent& event) { return event.kind == EventKind::scale_to && !event.text.empty(); }

std::string about(const Process& process) {
    return "slot " + std::to_string(process.slot) + " pid " + std::to_string(process.pid);
}

/// Everyone who is wanted serves, is well, and nobody comes or goes.
bool is_settled(const Witness& witness) {
    if (witness.wanted == 0 || witness.open_reload || witness.asked_to_stop) return false;
    std::size_t serving = 0;
    for (const auto& [slot, index] : witness.in_slot) {
        const Process& p = witness.processes[index];
        if (p.told_to_end) continue;
        if (!p.ready || p.ailment.kind != AilmentKind::none) return false;
        ++serving;
    }
    return serving == witness.wanted;
}

}  // namespace

bool is_said_by_survey(const FleetEvent& event) {
    return event.kind == EventKind::worker_asks_recycle &&
           (event.text.starts_with("max-lifetime:") || event.text.starts_with("max-memory:"));
}

void Witness::disturb() {
    went_down = false;
    looks_too_busy = looks_too_idle = looks_undisturbed = 0;
}

/// What changes the number of workers, or what they have to do, but the load's own steps and what follows from them.
bool is_disturbance(Witness& witness, const FleetEvent& event) {
    const Process* const last = event.kind <= EventKind::worker_silent ? witness.last_in(event.slot) : nullptr;
    switch (event.kind) {
        case EventKind::tick:
        case EventKind::worker_spawned: return false;
        case EventKind::worker_exited: return last == nullptr || !last->told_to_end;
        case EventKind::worker_ready: return last == nullptr || last->is_respawn;
        default: return !is_said_by_load(event);
    }
}

void note_load(Witness& witness) {
    ++witness.looks_undisturbed;
    if (!witness.watches.has_range || !is_settled(witness)) {
        witness.looks_too_busy = witness.looks_too_idle = 0;
        return;
    }
    constexpr double kRounding = 1e-3;
    const ScaleOptions& range = witness.watches.survey.scaling;
    const auto workers = static_cast<double>(witness.wanted);
    const bool is_busy = witness.demand >= (0.8 + kRounding) * workers || witness.queued >= workers + 1;
    const bool is_idle = witness.queued < 1 && witness.demand < (0.5 - kRounding) * (workers - 1);
    const bool asks_for_more = witness.wanted < range.least || (is_busy && witness.wanted < range.most);
    const bool asks_for_fewer = witness.wanted > range.most || (is_idle && witness.wanted > range.least);
    witness.looks_too_busy = asks_for_more ? witness.looks_too_busy + 1 : 0;
    witness.looks_too_idle = asks_for_fewer ? witness.looks_too_idle + 1 : 0;
}

void load_keeps_to_the_range(Witness& witness, const FleetEvent& event) {
    if (!is_said_by_load(event)) return;
    const ScaleOptions& range = witness.watches.survey.scaling;
    const auto workers = static_cast<std::size_t>(event.count);
    if (workers < range.least || workers > range.most) {
        witness.found("load_keeps_to_the_range", std::to_string(workers) + " of " + std::to_string(range.least) + ":" +
                                                     std::to_string(range.most));
    }
}

/// A queue may have asked for more than the load itself needs, so it may go up, and then down; never up once more.
void steady_load_moves_one_way(Witness& witness, const FleetEvent& event) {
    if (!is_said_by_load(event)) return;
    const auto workers = static_cast<std::size_t>(event.count);
    if (workers > witness.wanted && witness.went_down) {
        witness.found("steady_load_moves_one_way", "up to " + std::to_string(workers) + ": " + event.text);
    }
    // The first look saw something of what was before.
    witness.went_down = witness.went_down || (workers < witness.wanted && witness.looks_undisturbed > 1);
    witness.looks_too_busy = witness.looks_too_idle = 0;
}

void load_is_answered_in_time(Witness& witness) {
    // Two looks, a step's time to show its effect, and some that came while workers came.
    constexpr int kLooksToAdd = 10;
    const auto looks_to_take = static_cast<int>(witness.watches.survey.scaling.down_after / 1s) + 5;
    if (witness.looks_too_busy > kLooksToAdd || witness.looks_too_idle > looks_to_take) {
        witness.found("load_is_answered_in_time", std::to_string(witness.wanted) + " workers, work for " +
                                                      std::to_string(witness.demand));
    }
}

void only_the_worn_out_are_recycled(Witness& witness, const FleetEvent& event) {
    if (!is_said_by_survey(event)) return;
    const Process* const process = witness.last_in(event.slot);
    const Duration lifetime = witness.watches.survey.recycling.lifetime;
    const bool serves = process != nullptr && process->alive && process->ready;
    const bool is_old = serves && lifetime > Duration::zero() && witness.now - process->ready_at >= lifetime;
    const bool is_large = serves && process->looks_too_large >= RecycleWatch::kSamples;
    if (!is_old && !is_large) witness.found("only_the_worn_out_are_recycled", event.text);
}

void the_worn_out_are_noticed(Witness& witness) {
    const RecycleLimits& limits = witness.watches.survey.recycling;
    for (const auto& [slot, index] : witness.in_slot) {
        const Process& p = witness.processes[index];
        if (!p.ready || p.told_to_end || p.said_to_be_worn) continue;
        const bool is_old = limits.lifetime > Duration::zero() &&
                            witness.now - p.ready_at >= limits.lifetime + limits.lifetime_jitter;
        if (is_old || p.looks_too_large >= RecycleWatch::kSamples) witness.found("the_worn_out_are_noticed", about(p));
    }
}

/// Outside a reload there is one more than wanted, whatever the surge allows.
void recycles_one_at_a_time(Witness& witness) {
    if (witness.open_reload || witness.reload_has_moved) return;
    std::size_t staying = 0;
    for (const auto& [slot, index] : witness.in_slot) {
        const Process& p = witness.processes[index];
        if (p.told_to_end) continue;
        if (p.pid == 0 || p.generation != witness.committed) return;
        ++staying;
    }
    if (staying > witness.wanted + 1) {
        witness.found("recycles_one_at_a_time", std::to_string(staying) + " of " + std::to_string(witness.wanted));
    }
}

void only_who_hangs_is_ended(Witness& witness, const FleetEvent& event) {
    if (event.kind != EventKind::worker_silent) return;
    const Process* const process = witness.last_in(event.slot);
    if (process == nullptr || !process->alive) return;
    const Ailment& ailment = process->ailment;
    if (ailment.kind == AilmentKind::starves) return witness.found("the_starved_are_never_ended", about(*process));
    if (ailment.kind == AilmentKind::debugged) return witness.found("the_debugged_are_never_ended", about(*process));
    if (ailment.kind == AilmentKind::none) return witness.found("the_well_are_left_alone", about(*process));
    if (ailment.had(witness.now) >= process->allowed) return;  // also of a long turn, if a reload has cut the limit
    const std::string had = about(*process) + " had " + to_text(ailment.had(witness.now));
    witness.found(ailment.hangs() ? "a_standstill_ends_nobody" : "the_well_are_left_alone", had);
}

void who_hangs_is_ended(Witness& witness) {
    const Duration timeout = witness.watches.health.timeout;
    if (timeout <= Duration::zero()) return;
    // Until it is watched, a look before and one after its time is up, half a second of idling, and an examination.
    const Duration around = timeout / 2 + 2s + 500ms + 5s + 500ms;
    for (const auto& [slot, index] : witness.in_slot) {
        const Process& p = witness.processes[index];
        if (!p.ready || p.told_to_end || !p.ailment.hangs()) continue;
        const bool spins = p.ailment.kind == AilmentKind::spins;
        const Duration own = spins ? timeout * 100 / p.ailment.running_percent : timeout;
        if (witness.now - p.ailment.all_counts_from > own + around) witness.found("who_hangs_is_ended", about(p));
    }
}

void check_survey(Witness& witness) {
    load_is_answered_in_time(witness);
    the_worn_out_are_noticed(witness);
}

}  // namespace girin::sim
