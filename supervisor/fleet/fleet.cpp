#include "supervisor/fleet/fleet.hpp"

#include <algorithm>
#include <utility>

#include "girin/base/check.hpp"

namespace girin {

Fleet::Fleet(const FleetOptions& options)
    : options_(options),
      random_(options.seed),
      respawns_(options.respawn_burst, options.respawns_per_second) {
    GIRIN_CHECK(options.max_workers >= 1, "a fleet needs room for one worker");
    options_.surge = std::max<std::size_t>(options_.surge, 1);
    workers_.resize(options_.slots());
}

std::vector<Action> Fleet::decide(const FleetEvent& event, TimePoint now) {
    GIRIN_CHECK(now >= now_, "the fleet's time never goes backwards");
    now_ = now;
    actions_.clear();
    if (mode_ == Mode::gone) return {};
    dispatch(event);
    if (event.kind == EventKind::tick) run_deadlines();  // else one who was late would lose what is told of only next
    if (mode_ == Mode::serving) balance();  // what is wanted may have changed, or who is there
    drop_unused_generations();
    update_degraded();
    finish_if_stopped();
    return std::exchange(actions_, {});
}

std::optional<TimePoint> Fleet::next_deadline() const {
    if (mode_ == Mode::gone) return std::nullopt;
    std::optional<TimePoint> next = spawn_wake_;
    const auto consider = [&next](const std::optional<TimePoint>& time) {
        if (time && (!next || *time < *next)) next = time;
    };
    consider(reload_.deadline);
    if (former_ && !going_back_) consider(former_->until);
    for (const WorkerRecord& worker : workers_) consider(worker.deadline);
    return next;
}

std::size_t Fleet::ready_count() const {
    return static_cast<std::size_t>(std::ranges::count(workers_, WorkerState::ready, &WorkerRecord::state));
}

std::size_t Fleet::live_count() const {
    return static_cast<std::size_t>(std::ranges::count_if(workers_, &WorkerRecord::is_live));
}

void Fleet::dispatch(const FleetEvent& event) {
    if (event.kind <= EventKind::worker_silent) {
        GIRIN_CHECK(event.slot < workers_.size(), "an event names a slot that exists");
        const Handler handler = handler_for(workers_[event.slot].state, static_cast<std::size_t>(event.kind));
        return (this->*handler)(event.slot, event);
    }
    switch (event.kind) {
        case EventKind::start: return on_start(event);
        case EventKind::reload_requested: return is_paused() ? resume() : request_reload();
        case EventKind::reload_prepared: return on_prepared(event);
        case EventKind::reload_refused: return on_refused(event);
        case EventKind::scale_by:
            if (is_paused() && event.count < 0) return log(LogLevel::warning, "scale: all workers are drained already");
            return scale_to(static_cast<std::int64_t>(wanted_) + event.count, event.text);
        case EventKind::scale_to: return scale_to(event.count, event.text);
        case EventKind::pause: return pause();
        case EventKind::resume: return resume();
        case EventKind::stop_graceful: return stop(false);  // asked twice: as once
        case EventKind::stop_quick: return stop(true);
        default: return;  // tick
    }
}

void Fleet::run_deadlines() {
    const FleetEvent tick = FleetEvent::tick();
    for (std::size_t slot = 0; slot < workers_.size(); ++slot) {
        WorkerRecord& worker = workers_[slot];
        if (!worker.deadline || *worker.deadline > now_) continue;
        worker.deadline.reset();
        (this->*handler_for(worker.state, kDeadlineColumn))(slot, tick);
    }
    if (reload_.deadline && *reload_.deadline <= now_) on_reload_deadline();
    expire_former();
}

void Fleet::on_start(const FleetEvent& event) {
    if (mode_ != Mode::idle) return;  // a stop may have come first
    mode_ = Mode::serving;
    wanted_ = std::clamp<std::size_t>(static_cast<std::size_t>(std::max(event.count, 1)), 1, options_.max_workers);
}

void Fleet::scale_to(std::int64_t workers, const std::string& reason) {
    if (mode_ != Mode::serving) return;
    const auto most = static_cast<std::int64_t>(options_.max_workers);
    const auto wanted = static_cast<std::size_t>(std::clamp<std::int64_t>(workers, 1, most));
    paused_at_ = 0;
    reload_.wanted = 0;  // the operator's later word counts, not the settings' number
    if (wanted == wanted_) {
        log(LogLevel::warning, "scale: the number of workers stays " + std::to_string(wanted_) + "; it may be 1 to " +
                                   std::to_string(most));
        return;
    }
    log(LogLevel::info, "scale: from " + std::to_string(wanted_) + " to " + std::to_string(wanted) + " workers" +
                            bound_words(workers, wanted) + (reason.empty() ? "" : ": " + reason));
    wanted_ = wanted;
}

/// Not in the middle of a reload, which would have nothing to put in the old workers' place.
void Fleet::pause() {
    if (mode_ != Mode::serving || is_paused()) return;
    if (is_reloading() || has_pending_reload()) {
        return log(LogLevel::warning, "pause: not while a reload is under way; ask again when it is over");
    }
    log(LogLevel::info, "pause: all workers are drained; a reload or a resume brings them back");
    paused_at_ = wanted_;
    wanted_ = 0;
}

void Fleet::resume() {
    if (mode_ != Mode::serving || !is_paused()) return;
    log(LogLevel::info, "resume: " + std::to_string(paused_at_) + " workers are wanted again");
    wanted_ = std::exchange(paused_at_, 0);
}

void Fleet::stop(bool quick) {
    if (!is_stopping()) {
        if (is_reloading()) roll_back("the server stops");
        reload_pending_ = false;
        forget_former();
        mode_ = Mode::stopping;
        spawn_wake_.reset();
    }
    for (std::size_t slot = 0; slot < workers_.size(); ++slot) end_for_stop(slot, quick);
}

void Fleet::end_for_stop(std::size_t slot, bool quick) {
    if (workers_[slot].holds_place) retire(slot, "the server stops");
    if (quick && workers_[slot].state == WorkerState::draining) {
        end(slot, WorkerState::quitting, "the server stops quickly");
    }
}

void Fleet::finish_if_stopped() {
    if (mode_ != Mode::stopping) return;
    const auto is_waited_for = [](const WorkerRecord& w) { return w.is_live() && !w.given_up; };
    if (std::ranges::any_of(workers_, is_waited_for)) return;
    mode_ = Mode::gone;
    if (live_count() > 0) {
        exit_code_ = ExitCode::failure;
        exit_reason_ = std::to_string(live_count()) + " workers did not end, not even by KILL";
    }
    Action& exit = act(ActionKind::exit_master);
    exit.code = exit_code_;
    exit.text = exit_reason_;
}

void Fleet::update_degraded() {
    const auto fails = [](const WorkerRecord& w) { return w.holds_place && w.backoff.is_failing(); };
    const bool degraded = mode_ == Mode::serving && std::ranges::any_of(workers_, fails);
    if (degraded == degraded_) return;
    degraded_ = degraded;
    if (mode_ != Mode::serving) return;
    Action& report = act(degraded ? ActionKind::report_degraded : ActionKind::report_recovered);
    report.count = ready_count();
    report.text = std::to_string(report.count) + " of " + std::to_string(wanted_) + " workers ready";
    if (degraded) report.text += "; the last failure: " + last_failure_;
}

Action& Fleet::act(ActionKind kind) { return actions_.emplace_back(kind); }

Action& Fleet::act(ActionKind kind, std::size_t slot) {
    Action& action = act(kind);
    action.slot = slot;
    action.pid = workers_[slot].pid;
    action.generation = workers_[slot].generation;
    return action;
}

void Fleet::log(LogLevel level, std::string text) {
    Action& action = act(ActionKind::log);
    action.level = level;
    action.text = std::move(text);
}

void Fleet::log(LogLevel level, std::size_t slot, std::string_view text) {
    Action& action = act(ActionKind::log, slot);
    action.level = level;
    action.text = "worker " + std::to_string(slot);
    if (action.pid != 0) action.text += " (pid " + std::to_string(action.pid) + ")";
    action.text.append(" ").append(text);
}

std::string bound_words(std::int64_t asked, std::size_t workers) {
    const auto became = static_cast<std::int64_t>(workers);
    if (asked == became) return {};
    return std::string(asked < became ? ", the smallest" : ", the largest") + " number (asked for " + std::to_string(asked) + ")";
}

}  // namespace girin
