// Brings the places in line with what is wanted: which are stale, which are too many, which are missing, and
// which may be spawned now. It knows no story: a reload, a roll-back, a recycling and a change of number are
// all the same to it.

#include <algorithm>
#include <tuple>

#include "supervisor/fleet/fleet.hpp"

namespace girin {

void Fleet::balance() {
    begin_pending_reload();
    retire_replaced();
    retire_surplus();
    claim_canary();
    claim_missing();
    commit_if_complete();
    spawn_due();
}

/// A stale place goes as soon as current workers are ready in its stead.
void Fleet::retire_replaced() {
    for (;;) {
        const Places places = count_places();
        const std::size_t needed = wanted_ - std::min(wanted_, places.current_ready);
        if (places.stale <= needed) return;
        retire(*worst(Standing::stale), "replaced");
    }
}

void Fleet::retire_surplus() {
    for (Places places = count_places(); places.current > room_for(places); places = count_places()) {
        retire(*worst(Standing::current), "one too many");
    }
}

/// How many current places there may be: the surge is shared with what is being replaced and with a canary.
std::size_t Fleet::room_for(const Places& places) const {
    const std::size_t others = places.stale + (is_canary_phase() ? 1 : 0);
    const std::size_t most = wanted_ + options_.surge;
    return std::min(wanted_, most - std::min(others, most));
}

void Fleet::claim_missing() {
    const Places places = count_places();
    const std::size_t room = room_for(places);
    const bool is_respawn = recycling().has_value();
    for (std::size_t current = places.current; current < room; ++current) {
        const std::optional<std::size_t> slot = spare_slot();
        if (!slot) return;  // one comes free when a draining worker ends
        claim(*slot, target(), Backoff(), is_respawn);
    }
}

void Fleet::claim_canary() {
    if (reload_.phase != ReloadPhase::canary || count_places().canary > 0) return;
    if (const std::optional<std::size_t> slot = spare_slot()) {
        claim(*slot, reload_.generation, Backoff(), false);
    }
}

void Fleet::claim(std::size_t slot, std::uint32_t generation, const Backoff& backoff, bool is_respawn) {
    WorkerRecord& worker = workers_[slot];
    worker = WorkerRecord();
    worker.state = WorkerState::waiting;
    worker.holds_place = true;
    worker.is_respawn = is_respawn;
    worker.generation = generation;
    worker.age = ++next_age_;
    worker.backoff = backoff;
    worker.since = now_;
}

/// Gives the place up, and ends the worker in the way that its state allows.
void Fleet::retire(std::size_t slot, std::string_view reason) {
    const WorkerState state = workers_[slot].state;
    release_place(slot);
    if (state == WorkerState::spawning) call_off(slot, reason);
    if (state == WorkerState::starting) end(slot, WorkerState::quitting, std::string(reason));
    if (state == WorkerState::ready) end(slot, WorkerState::draining, std::string(reason));
}

void Fleet::release_place(std::size_t slot) {
    workers_[slot].holds_place = false;
    if (!workers_[slot].is_live()) workers_[slot] = WorkerRecord();
}

void Fleet::spawn_due() {
    spawn_wake_.reset();
    for (std::size_t slot = 0; slot < workers_.size(); ++slot) {
        WorkerRecord& worker = workers_[slot];
        if (worker.state != WorkerState::waiting || !may_respawn(slot)) continue;
        enter(slot, WorkerState::spawning, boot_limit());
        Action& spawn = act(ActionKind::spawn, slot);
        spawn.is_respawn = worker.is_respawn;
        spawn.is_probe = worker.is_respawn && worker.backoff.is_failing();
    }
}

/// Also notes when to look again, unless an event will say so.
bool Fleet::may_respawn(std::size_t slot) {
    const WorkerRecord& worker = workers_[slot];
    if (worker.backoff.due > now_) {
        wake_for_spawn_at(worker.backoff.due);
        return false;
    }
    if (!worker.is_respawn) return true;
    if (worker.backoff.is_failing() && is_probe_running()) return false;
    if (respawns_.take(now_)) return true;
    wake_for_spawn_at(respawns_.next_at(now_));
    return false;
}

void Fleet::wake_for_spawn_at(TimePoint time) {
    if (!spawn_wake_ || time < *spawn_wake_) spawn_wake_ = time;
}

Fleet::Places Fleet::count_places() const {
    Places places;
    const std::optional<std::size_t> leaving = recycling();
    for (std::size_t slot = 0; slot < workers_.size(); ++slot) {
        const Standing found = standing(slot, leaving);
        places.canary += found == Standing::canary;
        places.stale += found == Standing::stale;
        places.current += found == Standing::current;
        places.current_ready += found == Standing::current && workers_[slot].state == WorkerState::ready;
    }
    return places;
}

Fleet::Standing Fleet::standing(std::size_t slot, std::optional<std::size_t> leaving) const {
    const WorkerRecord& worker = workers_[slot];
    if (!worker.holds_place) return Standing::none;
    if (is_canary_phase() && worker.generation == reload_.generation) return Standing::canary;
    if (worker.generation != target() || leaving == slot) return Standing::stale;
    return Standing::current;
}

/// The one worker that may be replaced on its own wish now: the first that asked, when no generation is being
/// replaced.
std::optional<std::size_t> Fleet::recycling() const {
    if (is_canary_phase() || reload_.phase == ReloadPhase::rolling) return std::nullopt;
    std::optional<std::size_t> first;
    for (std::size_t slot = 0; slot < workers_.size(); ++slot) {
        const WorkerRecord& worker = workers_[slot];
        if (!worker.holds_place) continue;
        if (worker.generation != committed_) return std::nullopt;
        if (worker.state != WorkerState::ready || worker.recycle_turn == 0) continue;
        if (!first || worker.recycle_turn < workers_[*first].recycle_turn) first = slot;
    }
    return first;
}

/// Of the places standing so, the one to give up first: what serves least, then who wants to go, then the
/// oldest.
std::optional<std::size_t> Fleet::worst(Standing wanted_standing) const {
    const auto rank = [this](std::size_t slot) {
        const WorkerRecord& worker = workers_[slot];
        const bool is_ready = worker.state == WorkerState::ready;
        const bool is_starting = worker.state == WorkerState::starting;
        return std::tuple(is_ready, is_starting, worker.recycle_turn == 0, worker.age);
    };
    const std::optional<std::size_t> leaving = recycling();
    std::optional<std::size_t> found;
    for (std::size_t slot = 0; slot < workers_.size(); ++slot) {
        if (standing(slot, leaving) != wanted_standing) continue;
        if (!found || rank(slot) < rank(*found)) found = slot;
    }
    return found;
}

std::optional<std::size_t> Fleet::spare_slot() const {
    const auto found = std::ranges::find(workers_, WorkerState::empty, &WorkerRecord::state);
    if (found == workers_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - workers_.begin());
}

bool Fleet::is_probe_running() const {
    return std::ranges::any_of(workers_, [](const WorkerRecord& w) {
        const bool on_its_way = w.state == WorkerState::spawning || w.state == WorkerState::starting;
        return on_its_way && w.holds_place && w.backoff.is_failing();
    });
}

std::uint32_t Fleet::target() const {
    return reload_.phase == ReloadPhase::rolling ? reload_.generation : committed_;
}

}  // namespace girin
