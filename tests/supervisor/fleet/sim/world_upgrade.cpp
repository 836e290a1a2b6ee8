// The part of the world in which the whole server has a successor: fake new masters with a fate of their own.

#include <algorithm>

#include "tests/supervisor/fleet/sim/invariants.hpp"
#include "tests/supervisor/fleet/sim/world.hpp"

namespace girin::sim {

using namespace std::chrono_literals;

void World::calm_down() {
    calm_ = true;
    tell_upgrade(UpgradeEvent::stop, "calm");
}

void World::stop_gracefully() {
    tell_upgrade(UpgradeEvent::stop, "the server stops");
    tell(FleetEvent::stop_graceful());
}

std::optional<TimePoint> World::next_deadline() {
    const std::optional<TimePoint> fleet = saboteur_.alter(fleet_.next_deadline());
    const std::optional<TimePoint> upgrade = upgrade_.deadline();
    if (!fleet || !upgrade) return fleet ? fleet : upgrade;
    return std::min(*fleet, *upgrade);
}

/// Asked for seldom, since one that works ends the episode, sometimes in a hurry.
void World::upgrade_by_operator() {
    if (random_() % 6 != 0) return;
    if (random_() % 3 != 0) return tell_upgrade(UpgradeEvent::requested);
    witness_.asked_to_finish = upgrade_.state() == UpgradeState::soaking;
    tell_upgrade(UpgradeEvent::finish);
}

void World::begin_upgrade_when_free() {
    const bool is_busy = fleet_.is_reloading() || fleet_.has_pending_reload() || !witness_.ever_ready;
    if (upgrade_.state() == UpgradeState::waiting && !is_busy && !fleet_.is_stopping()) tell_upgrade(UpgradeEvent::free);
}

void World::tell_upgrade(UpgradeEvent event, const std::string& text) {
    if (is_over()) return;
    ++events_;
    witness_.now = now_;
    for (const UpgradeAction& action : saboteur_.alter(upgrade_.decide(event, now_, upgrade_options_, text))) {
        check_order(witness_, action);
        if (is_over()) return;
        perform(action);
    }
    check_upgrade(witness_);
}

void World::perform(const UpgradeAction& action) {
    const auto last = witness_.successors.empty() ? 0 : witness_.successors.size() - 1;
    switch (action.order) {
        case UpgradeOrder::spawn:
            witness_.asked_to_finish = false;
            witness_.successors.emplace_back();
            return schedule(0ms, Happening::successor_spawned, witness_.successors.size() - 1);
        case UpgradeOrder::tell_take: return perform_take();
        case UpgradeOrder::tell_give_up:
            if (!fault(4)) schedule(draw(1ms, 3s), Happening::successor_ends, last);
            return;
        case UpgradeOrder::tell_finish:
            return perform_finish();
        case UpgradeOrder::execute: return perform_execute();
        case UpgradeOrder::kill:
            witness_.successors[last].sent_kill = true;
            return schedule(draw(0ms, 50ms), Happening::successor_ends, last);
        case UpgradeOrder::retire: return tell(FleetEvent::stop_graceful());
        case UpgradeOrder::failed: witness_.successors[last].failed_at = now_; return;
        case UpgradeOrder::log: return;
    }
}

/// It may do as told, die of it, or never answer.
void World::perform_take() {
    const std::size_t last = witness_.successors.size() - 1;
    if (fault(3)) return;
    const bool dies = fault(4);
    schedule(draw(1ms, 2s), dies ? Happening::successor_ends : Happening::successor_takes, last);
}

/// Well, in a crash, or too late.
void World::perform_finish() {
    const bool dies = fault(4);
    schedule(draw(1ms, 12s), dies ? Happening::successor_ends : Happening::successor_finishes,
             witness_.successors.size() - 1);
}

/// Another binary in this process knows nothing of the episode, which ends as if it had been told to stop.
void World::perform_execute() {
    if (fault(4)) return tell_upgrade(UpgradeEvent::not_spawned, "execute: exec format error");
    witness_.open_upgrade = false;
    tell(FleetEvent::stop_graceful());
}

void World::happen_to_successor(const Scheduled& scheduled) {
    const std::size_t index = scheduled.process;
    Successor& successor = witness_.successors[index];
    if (!successor.alive) return;
    switch (scheduled.what) {
        case Happening::successor_spawned:
            if (fault(8)) {
                successor.alive = false;
                return tell_upgrade(UpgradeEvent::not_spawned, "fork: resource temporarily unavailable");
            }
            if (!fault(5)) schedule(draw(1ms, 3s), Happening::successor_ready, index);
            if (fault(4)) schedule(draw(1ms, 5s), Happening::successor_ends, index);
            if (fault(4)) schedule(draw(1ms, 5s), Happening::successor_unwell, index);
            return tell_upgrade(UpgradeEvent::spawned);
        case Happening::successor_ready:
            successor.ready_at = now_;
            return tell_upgrade(UpgradeEvent::ready);
        case Happening::successor_unwell: return tell_upgrade(UpgradeEvent::unwell, "workers fail");
        case Happening::successor_takes:
            successor.taken = true;
            return tell_upgrade(UpgradeEvent::taken);
        case Happening::successor_finishes:
            successor.alive = false;
            successor.finished = true;
            return tell_upgrade(UpgradeEvent::finished, "exited with code 0");
        default:
            successor.alive = false;
            return tell_upgrade(UpgradeEvent::ended, "crashed: SIGSEGV");
    }
}

}  // namespace girin::sim
