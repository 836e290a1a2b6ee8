// The part of the world in which zygotes load applications and fork workers: slow ones, such as die at any step, and such
// as lie; and what the real decisions make of them.

#include <algorithm>

#include "tests/supervisor/fleet/sim/invariants.hpp"
#include "tests/supervisor/fleet/sim/world.hpp"

namespace girin::sim {

using namespace std::chrono_literals;
using Kind = ZygoteAction::Kind;

void World::carry_out(Zygotes::Actions actions) {
    for (const ZygoteAction& action : saboteur_.alter(std::move(actions))) {
        check_zygote_action(witness_, action);
        if (!witness_.violation) carry_out(action);
    }
}

void World::carry_out(const ZygoteAction& action) {
    switch (action.kind) {
        case Kind::start: return start_zygote(action);
        case Kind::order: return order_worker(action);
        case Kind::take:
            witness_.unknown_children.erase(action.pid);
            return settle_spawn(action.slot, SpawnOutcome(action.pid));
        case Kind::discard: witness_.unknown_children.erase(action.pid); return;
        case Kind::fail: return settle_spawn(action.slot, SpawnOutcome(action.text, action.code));
        case Kind::end:
            witness_.zygotes[action.id].alive = witness_.zygotes[action.id].wanted = false;
            return;
        case Kind::log: return;
    }
}

/// Told to the Fleet once what is carried out now has been.
void World::settle_spawn(std::size_t slot, SpawnOutcome outcome) {
    const auto found = witness_.in_slot.find(slot);
    if (found == witness_.in_slot.end()) return;
    witness_.processes[found->second].outcome = std::move(outcome);
    schedule(Duration::zero(), Happening::spawn_answered, found->second);
}

void World::start_zygote(const ZygoteAction& action) {
    if (fault(40)) return carry_out(zygotes_.on_impossible(action.id, "fork: resource temporarily unavailable", now_));
    witness_.zygotes[action.id].generation = action.generation;
    zygotes_.on_started(action.id, ++last_pid_);
    if (fault(15)) schedule(draw(0ms, 500ms), Happening::zygote_dies, action.id);
    if (fault(20)) return;  // it hangs
    schedule(draw(1ms, fault(10) ? 12s : 300ms), Happening::zygote_loads, action.id);
}

void World::order_worker(const ZygoteAction& action) {
    if (fault(40)) return carry_out(zygotes_.on_impossible(action.id, "order a worker: no buffer space", now_));
    if (fault(20)) schedule(draw(0ms, 20ms), Happening::zygote_dies, action.id);
    if (fault(30)) return;
    schedule(draw(0ms, fault(20) ? 12s : 20ms), Happening::zygote_answers, action.id, static_cast<std::uint32_t>(action.number));
}

void World::happen_to_zygote(const Scheduled& scheduled) {
    const auto id = static_cast<std::uint32_t>(scheduled.process);
    FakeZygote& zygote = witness_.zygotes[id];
    if (!zygote.alive) return;
    if (scheduled.what == Happening::zygote_loads) return load(id);
    if (scheduled.what == Happening::zygote_answers) return answer_order(id, scheduled.generation);
    zygote.alive = zygote.wanted = false;
    carry_out(zygotes_.on_ended(id, "was killed by SIGKILL from outside", now_));
}

void World::load(std::uint32_t id) {
    const bool is_bad = is_generation_bad(witness_.zygotes[id].generation) && random_() % 2 == 0;
    if (is_bad) return say(id, ZygoteReport(ZygoteSays::not_loaded, 0, 3, "its constructor threw"));
    say(id, ZygoteReport(ZygoteSays::loaded, 0));
    if (fault(10)) schedule(draw(0ms, 20s), Happening::zygote_dies, id);
    if (fault(40)) say(id, ZygoteReport(ZygoteSays::loaded, 0));
}

/// As it was asked, or a lie: another order's number, a pid that isn't there, the same once more.
void World::answer_order(std::uint32_t id, std::uint64_t number) {
    if (fault(30)) return say(id, ZygoteReport(ZygoteSays::not_forked, number, 0, "fork: resource temporarily unavailable"));
    if (fault(40)) return say(id, ZygoteReport(ZygoteSays::forked, number, 1));
    const pid_t child = ++last_pid_;
    witness_.unknown_children.insert(child);
    say(id, ZygoteReport(ZygoteSays::forked, fault(40) ? number + 1 : number, child));
    if (fault(40)) say(id, ZygoteReport(ZygoteSays::forked, number, child));
    if (!fault(40)) return;
    witness_.unknown_children.insert(++last_pid_);
    say(id, ZygoteReport(ZygoteSays::forked, number, last_pid_));
}

/// One that was ended isn't listened to any more; its children end with their channels.
void World::say(std::uint32_t id, const ZygoteReport& report) {
    const auto pid = static_cast<pid_t>(report.value);
    if (!witness_.zygotes[id].alive) {
        witness_.unknown_children.erase(pid);
        return;
    }
    const ZygoteWord word = saboteur_.alter(ZygoteWord{report, witness_.unknown_children.contains(pid)});
    carry_out(zygotes_.on_report(id, word.report, word.is_ours, now_));
    no_child_is_forgotten(witness_, pid);
}

void World::pass_on_zygote(std::uint32_t from, std::uint32_t to) {
    zygotes_.pass_on(from, to);
    for (auto& [id, zygote] : witness_.zygotes) {
        if (zygote.generation == from) zygote.generation = to;
    }
}

}  // namespace girin::sim
