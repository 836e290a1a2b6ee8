#include "tests/supervisor/fleet/harness.hpp"

#include <algorithm>
#include <stdexcept>

namespace girin {

using namespace std::chrono_literals;

FleetOptions plain_options() {
    FleetOptions options;
    options.max_workers = 8;
    return options;
}

Actions Harness::send(const FleetEvent& event) {
    Actions all;
    tell(event, all);
    return all;
}

void Harness::tell(const FleetEvent& event, Actions& all) {
    const Actions actions = fleet.decide(event, now);
    all.insert(all.end(), actions.begin(), actions.end());
    if (!answers_spawns) return;
    for (const Action& action : actions) {
        if (action.kind != ActionKind::spawn) continue;
        tell(fork_works ? FleetEvent::worker_spawned(action.slot, ++last_pid_)
                        : FleetEvent::worker_spawn_failed(action.slot, "fork: resource temporarily unavailable"),
             all);
    }
}

Actions Harness::pass(Duration time) {
    const TimePoint end = now + time;
    Actions all;
    for (auto next = fleet.next_deadline(); next && *next <= end; next = fleet.next_deadline()) {
        now = std::max(now, *next);
        tell(FleetEvent::tick(), all);
    }
    now = end;
    return all;
}

void Harness::serve(std::size_t workers) {
    send(FleetEvent::start(workers));
    make_all_ready();
}

Actions Harness::crash(std::size_t slot) {
    return send(FleetEvent::worker_exited(slot, FleetEvent::kSignalled, "crashed: SIGSEGV"));
}

Actions Harness::make_all_ready() {
    Actions all;
    for (auto starting = slots_in(WorkerState::starting); !starting.empty();
         starting = slots_in(WorkerState::starting)) {
        tell(FleetEvent::worker_ready(starting.front()), all);
    }
    return all;
}

Actions Harness::finish_all_leaving() {
    Actions all;
    for (std::size_t slot = 0; slot < fleet.slots(); ++slot) {
        if (state(slot) >= WorkerState::draining) tell(FleetEvent::worker_exited(slot, 0, "has finished"), all);
    }
    return all;
}

std::size_t Harness::reload_to_canary(std::size_t workers) {
    const Actions asked = send(FleetEvent::reload_requested());
    const std::uint32_t generation = first(asked, ActionKind::prepare_reload).generation;
    const Actions begun = send(FleetEvent::reload_prepared(generation, fleet.options(), workers));
    return first(begun, ActionKind::spawn).slot;
}

Actions Harness::reload() {
    make_ready(reload_to_canary());
    Actions all = pass(fleet.options().soak);
    const Actions rest = make_all_ready();
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
}

std::vector<std::size_t> Harness::slots_in(WorkerState wanted) const {
    std::vector<std::size_t> slots;
    for (std::size_t slot = 0; slot < fleet.slots(); ++slot) {
        if (state(slot) == wanted) slots.push_back(slot);
    }
    return slots;
}

std::size_t Harness::count_of_generation(std::uint32_t generation, WorkerState wanted) const {
    const auto slots = slots_in(wanted);
    return static_cast<std::size_t>(std::ranges::count_if(
        slots, [&](std::size_t slot) { return fleet.worker(slot).generation == generation; }));
}

std::size_t count(const Actions& actions, ActionKind kind) {
    return static_cast<std::size_t>(std::ranges::count(actions, kind, &Action::kind));
}

const Action& first(const Actions& actions, ActionKind kind) {
    const auto found = std::ranges::find(actions, kind, &Action::kind);
    if (found == actions.end()) throw std::runtime_error("no action " + std::string(to_text(kind)));
    return *found;
}

bool has_log(const Actions& actions, std::string_view part) {
    return std::ranges::any_of(actions, [part](const Action& action) {
        return action.kind == ActionKind::log && action.text.find(part) != std::string::npos;
    });
}

}  // namespace girin
