// The way back from a generation that was committed, and only then fails: what it replaced is kept for a while, and
// faults of the fresh workers are counted. Going back is a reload like any other, but that the shell prepares it from
// what it has kept. Not here: a reload that fails before its commit (fleet_reload.cpp).

#include <algorithm>
#include <string>

#include "supervisor/fleet/fleet.hpp"

namespace girin {

void Fleet::keep_former(std::uint32_t generation, bool was_well) {
    if (former_) end_watch(generation, "generation " + std::to_string(committed_) + " followed before it had proved itself");
    if (options_.roll_back_window <= Duration::zero()) return;
    former_.emplace(generation, was_well, now_, now_ + options_.roll_back_window);
}

void Fleet::forget_former() {
    former_.reset();
    going_back_ = false;
}

void Fleet::expire_former() {
    // A way back that an operator's reload was preferred to is no sign of being well.
    if (former_ && !going_back_ && former_->until <= now_) end_watch(committed_, former_->why);
}

void Fleet::end_watch(std::uint32_t generation, std::string why_not) {
    Action& action = act(ActionKind::end_watch);
    action.generation = generation;
    action.text = std::move(why_not);
    forget_former();
}

/// Somebody's KILL and a fork that fails say nothing about a worker's code.
Fleet::Fault Fleet::fault_of(const FleetEvent& exit) {
    if (exit.status == FleetEvent::kKilled) return Fault::none;
    return exit.status == FleetEvent::kSignalled ? Fault::crash : Fault::exit;
}

std::string_view Fleet::fault_text(Fault fault) {
    constexpr std::string_view kNames[kFaults] = {"nothing", "a failed start", "a crash", "an exit", "a hang"};
    return kNames[static_cast<std::size_t>(fault)];
}

/// To be called before the worker loses its place.
void Fleet::blame(std::size_t slot, Fault fault, std::string_view reason) {
    const WorkerRecord& worker = workers_[slot];
    const bool is_fresh = former_ && worker.holds_place && worker.generation == committed_;
    if (!is_fresh || fault == Fault::none || former_->until <= now_) return;
    const std::size_t failures = ++former_->failures[static_cast<std::size_t>(fault)];
    // A reload that runs or waits comes first; if it doesn't help, the next failure asks again.
    if (is_reloading() || has_pending_reload()) return;
    if (failures >= std::max(options_.roll_back_failures, (wanted_ + 1) / 2)) decide_way_back(fault, reason);
}

void Fleet::decide_way_back(Fault fault, std::string_view reason) {
    const std::size_t failures = former_->failures[static_cast<std::size_t>(fault)];
    const std::string what = "generation " + std::to_string(committed_) + " failed after it had taken over: " +
                             std::to_string(failures) + " times " + std::string(fault_text(fault)) + " within " +
                             to_text(now_ - former_->since) + ", the last: " + std::string(reason);
    if (former_->was_well) {
        former_->why = what;
        going_back_ = true;
        return;
    }
    const std::string no_better = "; generation " + std::to_string(former_->generation) +
                                  " was no better, and is not gone back to";
    log(LogLevel::error, "degraded: " + what + no_better);
    end_watch(committed_, what + no_better);
}

void Fleet::begin_way_back() {
    begin_reload();
    reload_.restores = former_->generation;
    reload_.why = former_->why;
    forget_former();
    const std::string number = std::to_string(reload_.restores);
    log(LogLevel::error, "roll-back: " + reload_.why + "; going back to generation " + number + ", as generation " +
                             std::to_string(reload_.generation));
    Action& action = act(ActionKind::prepare_reload);
    action.generation = reload_.generation;
    action.restores = reload_.restores;
    action.text = reload_.why;
}

}  // namespace girin
