// A reload as a transaction: prepare, canary, soak, roll, commit; or back. Not here: the replacing itself
// (fleet_places.cpp), and what follows when it fails after its commit (fleet_way_back.cpp).

#include <algorithm>
#include <string>
#include <utility>

#include "supervisor/fleet/fleet.hpp"

namespace girin {

void Fleet::request_reload() {
    if (mode_ != Mode::serving) return;
    if (is_reloading() || reload_pending_) log(LogLevel::info, "reload: another one runs; one more will follow it");
    reload_pending_ = true;
    going_back_ = false;  // the operator's way out comes first
}

void Fleet::begin_pending_reload() {
    if (!has_pending_reload() || !may_begin_reload()) return;
    if (!std::exchange(reload_pending_, false)) return begin_way_back();
    begin_reload();
    log(LogLevel::info, "reload: generation " + std::to_string(reload_.generation) + " begins");
    act(ActionKind::prepare_reload).generation = reload_.generation;
}

void Fleet::begin_reload() {
    reload_ = Reload();
    reload_.was_well = !degraded_ && ready_count() > 0;
    reload_.phase = ReloadPhase::preparing;
    reload_.generation = ++last_generation_;
    if (options_.boot_timeout > Duration::zero()) reload_.deadline = now_ + options_.boot_timeout;
    generations_.push_back(reload_.generation);
}

/// Not before the first start has worked, or may fail; and not while two other generations are still alive; both have an
/// end.
bool Fleet::may_begin_reload() const {
    const auto is_used = [this](std::uint32_t generation) { return is_generation_alive(generation); };
    const bool has_begun = ever_ready_ || options_.outlives_first_failure;
    return has_begun && !is_reloading() && std::ranges::count_if(generations_, is_used) <= 2;
}

void Fleet::on_prepared(const FleetEvent& event) {
    if (reload_.phase != ReloadPhase::preparing || event.generation != reload_.generation) return;  // came too late
    reload_.phase = ReloadPhase::canary;
    reload_.deadline.reset();
    reload_.wanted = std::min<std::size_t>(static_cast<std::size_t>(event.count), options_.max_workers);
    reload_.former = options_;
    options_ = event.options;
    options_.surge = std::max<std::size_t>(options_.surge, 1);
    options_.max_workers = reload_.former->max_workers;
}

void Fleet::on_refused(const FleetEvent& event) {
    if (reload_.phase == ReloadPhase::preparing && event.generation == reload_.generation) roll_back(event.text);
}

void Fleet::on_canary_ready() {
    reload_.phase = ReloadPhase::soaking;
    reload_.deadline = now_ + options_.soak;
    if (options_.soak <= Duration::zero()) on_reload_deadline();
}

void Fleet::on_reload_deadline() {
    reload_.deadline.reset();
    if (reload_.phase == ReloadPhase::preparing) {
        return roll_back("the new settings were not validated within " + to_text(options_.boot_timeout));
    }
    reload_.phase = ReloadPhase::rolling;
}

void Fleet::commit_if_complete() {
    if (reload_.phase != ReloadPhase::rolling) return;
    const Places places = count_places();
    if (places.stale > 0 || places.current_ready < wanted_) return;
    const Reload done = std::exchange(reload_, Reload());
    const std::uint32_t replaced = std::exchange(committed_, done.generation);
    if (done.wanted > 0) wanted_ = done.wanted;
    if (done.restores == 0) keep_former(replaced, done.was_well);
    Action& action = act(ActionKind::commit_reload);
    action.generation = committed_;
    action.restores = done.restores;
    action.text = done.why;
    action.patience = former_ ? options_.roll_back_window : Duration::zero();
    const std::string like = done.restores == 0 ? "" : ", as generation " + std::to_string(done.restores) + " did";
    log(LogLevel::info, "reload: generation " + std::to_string(committed_) + " serves" + like);
    balance();
}

void Fleet::roll_back(std::string_view reason) {
    const Reload failed = std::exchange(reload_, Reload());
    if (failed.former) options_ = *failed.former;
    for (std::size_t slot = 0; slot < workers_.size(); ++slot) {
        const WorkerRecord& worker = workers_[slot];
        const bool is_useless = worker.generation == failed.generation && worker.state != WorkerState::ready;
        if (worker.holds_place && is_useless) retire(slot, "its reload was rolled back");
    }
    Action& action = act(ActionKind::roll_back_reload);
    action.generation = failed.generation;
    action.restores = failed.restores;
    action.text = reason;
    const bool stays_degraded = failed.restores != 0;
    log(LogLevel::error, std::string(stays_degraded ? "degraded: there is no way back: " : "reload: ") + "generation " +
                             std::to_string(failed.generation) + " failed, generation " + std::to_string(committed_) +
                             " serves on: " + std::string(reason));
}

void Fleet::drop_unused_generations() {
    std::erase_if(generations_, [this](std::uint32_t generation) {
        if (is_generation_used(generation)) return false;
        act(ActionKind::drop_generation).generation = generation;
        return true;
    });
}

bool Fleet::is_generation_used(std::uint32_t generation) const {
    const bool is_kept = former_ && former_->generation == generation;
    return is_kept || reload_.restores == generation || is_generation_alive(generation);
}

/// It has workers, or will have.
bool Fleet::is_generation_alive(std::uint32_t generation) const {
    if (generation == committed_ || generation == reload_.generation) return true;
    return std::ranges::any_of(workers_, [generation](const WorkerRecord& w) {
        return w.state != WorkerState::empty && w.generation == generation;
    });
}

bool Fleet::is_canary_phase() const {
    return reload_.phase == ReloadPhase::canary || reload_.phase == ReloadPhase::soaking;
}

}  // namespace girin
