// One worker's life: what each event means in each state, and the ladder by which a process is made to end.
// Not here: how many workers there should be (fleet_places.cpp).

#include <algorithm>
#include <csignal>
#include <string>
#include <utility>

#include "girin/base/check.hpp"
#include "supervisor/fleet/fleet.hpp"

namespace girin {

namespace {

/// What a process is told on entering a state, how long it may take, and what comes then.
struct Rung {
    WorkerState state;
    ActionKind order;
    int signal_number;
    Duration FleetOptions::*patience;
    WorkerState next;
};

constexpr Rung kLadder[] = {
    {WorkerState::draining, ActionKind::tell_drain, 0, &FleetOptions::graceful_timeout, WorkerState::terminating},
    {WorkerState::quitting, ActionKind::tell_quit, 0, &FleetOptions::quick_grace, WorkerState::killed},
    {WorkerState::terminating, ActionKind::signal, SIGTERM, &FleetOptions::term_grace, WorkerState::killed},
    {WorkerState::aborting, ActionKind::signal, SIGABRT, &FleetOptions::abort_grace, WorkerState::killed},
    {WorkerState::killed, ActionKind::signal, SIGKILL, &FleetOptions::kill_patience, WorkerState::killed},
};

std::string with_details(std::string text, const FleetEvent& event) {
    return event.details.empty() ? text : text + "; " + event.details;
}

const Rung& rung_of(WorkerState state) {
    for (const Rung& rung : kLadder) {
        if (rung.state == state) return rung;
    }
    GIRIN_CHECK(false, "only a state of the ladder has a rung");
    return kLadder[0];
}

}  // namespace

std::string_view to_text(WorkerState state) {
    constexpr std::string_view kNames[] = {"empty",    "waiting",  "spawning",    "starting", "ready",
                                           "draining", "quitting", "terminating", "aborting", "killed"};
    return kNames[static_cast<std::size_t>(state)];
}

/// States × events. Messages of a worker that are late or out of turn mean nothing (none); answers that the
/// shell can't have are broken promises (bug).
Fleet::Handler Fleet::handler_for(WorkerState state, std::size_t column) {
    constexpr Handler none = &Fleet::nothing;
    constexpr Handler bug = &Fleet::broken;
    constexpr Handler spawned = &Fleet::on_spawned;
    constexpr Handler no_fork = &Fleet::on_spawn_failed;
    constexpr Handler ready = &Fleet::on_ready;
    constexpr Handler failed = &Fleet::on_boot_failed;
    constexpr Handler early = &Fleet::on_gone_early;
    constexpr Handler died = &Fleet::on_died;
    constexpr Handler ended = &Fleet::on_ended;
    constexpr Handler recycle = &Fleet::on_asks_recycle;
    constexpr Handler leaves = &Fleet::on_leaves;
    constexpr Handler hangs = &Fleet::on_silent;
    constexpr Handler late = &Fleet::on_boot_late;
    constexpr Handler unborn = &Fleet::on_spawn_late;
    constexpr Handler stable = &Fleet::on_stable;
    constexpr Handler over = &Fleet::on_patience_over;
    // clang-format off
    static constexpr Handler kTable[][kDeadlineColumn + 1] = {
        //                 spawned  failed   ready  boot_failed  exited  recycle  leaves   silent   deadline
        /* empty       */ {bug,     bug,     none,  none,        bug,    none,    none,    none,    none},
        /* waiting     */ {bug,     bug,     none,  none,        bug,    none,    none,    none,    none},
        /* spawning    */ {spawned, no_fork, none,  none,        bug,    none,    none,    none,    unborn},
        /* starting    */ {bug,     bug,     ready, failed,      early,  none,    none,    none,    late},
        /* ready       */ {bug,     bug,     none,  none,        died,   recycle, none,    hangs,   stable},
        /* draining    */ {bug,     bug,     none,  none,        ended,  none,    leaves,  hangs,   over},
        /* quitting    */ {bug,     bug,     none,  none,        ended,  none,    none,    none,    over},
        /* terminating */ {bug,     bug,     none,  none,        ended,  none,    none,    none,    over},
        /* aborting    */ {bug,     bug,     none,  none,        ended,  none,    none,    none,    over},
        /* killed      */ {bug,     bug,     none,  none,        ended,  none,    none,    none,    over},
    };
    // clang-format on
    return kTable[static_cast<std::size_t>(state)][column];
}

void Fleet::nothing(std::size_t, const FleetEvent&) {}

void Fleet::broken(std::size_t, const FleetEvent&) {
    GIRIN_CHECK(false, "each spawn is answered once, and each process exits once");
}

void Fleet::on_spawned(std::size_t slot, const FleetEvent& event) {
    WorkerRecord& worker = workers_[slot];
    worker.pid = event.pid;
    if (std::exchange(worker.called_off, false)) return end(slot, WorkerState::quitting, worker.reason);
    const std::optional<TimePoint> deadline = worker.deadline;  // --boot-timeout is for both, from the order to ready
    enter(slot, WorkerState::starting, std::nullopt);
    worker.deadline = deadline;
    log(LogLevel::info, slot, "starts, generation " + std::to_string(workers_[slot].generation));
}

void Fleet::on_spawn_failed(std::size_t slot, const FleetEvent& event) {
    if (workers_[slot].called_off) return on_called_off(slot);
    log(LogLevel::error, slot, "could not be spawned: " + event.text);
    if (event.code != ExitCode::failure) blame(slot, Fault::start, event.text);
    leave_process(slot);
    lose_place(slot, event.text, event.code);
}

/// Nobody came of it. A place that it still holds found no other slot, and has counted the failure.
void Fleet::on_called_off(std::size_t slot) {
    leave_process(slot);
    if (!workers_[slot].holds_place) return release_place(slot);
    workers_[slot].state = WorkerState::waiting;
}

void Fleet::on_ready(std::size_t slot, const FleetEvent&) {
    const Duration took = now_ - workers_[slot].since;
    const bool is_tried = workers_[slot].backoff.failures > 0;
    ever_ready_ = true;
    enter(slot, WorkerState::ready, is_tried ? std::optional(options_.stable_after) : std::nullopt);
    log(LogLevel::info, slot, "is ready after " + to_text(took));
    if (is_canary_phase() && workers_[slot].generation == reload_.generation) on_canary_ready();
}

void Fleet::on_boot_failed(std::size_t slot, const FleetEvent& event) {
    log(LogLevel::error, slot, "failed to start: " + event.text);
    end(slot, WorkerState::quitting, "failed to start");
    blame(slot, Fault::start, event.text);
    lose_place(slot, event.text, event.code);
}

void Fleet::on_gone_early(std::size_t slot, const FleetEvent& event) {
    log(LogLevel::error, slot, with_details(event.text + ", before it was ready", event));
    if (fault_of(event) != Fault::none) blame(slot, Fault::start, event.text);
    leave_process(slot);
    const bool not_loaded = event.status == static_cast<int>(ExitCode::application_not_loaded);
    lose_place(slot, event.text + ", before it was ready",
               not_loaded ? ExitCode::application_not_loaded : ExitCode::worker_boot_failed);
}

void Fleet::on_died(std::size_t slot, const FleetEvent& event) {
    log(LogLevel::error, slot, with_details(event.text, event));
    blame(slot, fault_of(event), event.text);
    leave_process(slot);
    lose_place(slot, event.text, ExitCode::failure);
}

void Fleet::on_ended(std::size_t slot, const FleetEvent& event) {
    const bool crashed = fault_of(event) == Fault::crash;
    const bool cut_off = workers_[slot].overdue && event.status == FleetEvent::kKilled;
    const LogLevel ended = cut_off ? LogLevel::warning : LogLevel::info;
    log(crashed ? LogLevel::error : ended, slot,
        with_details(event.text + " (" + workers_[slot].reason + ")", event));
    leave_process(slot);
    if (!workers_[slot].holds_place) return release_place(slot);
    workers_[slot].state = WorkerState::waiting;
}

void Fleet::on_asks_recycle(std::size_t slot, const FleetEvent& event) {
    if (workers_[slot].recycle_turn != 0) return;
    workers_[slot].recycle_turn = ++next_recycle_turn_;
    log(LogLevel::info, slot, "asks to be replaced: " + event.text);
}

/// Once: whoever says so again and again gets no more time.
void Fleet::on_leaves(std::size_t slot, const FleetEvent&) {
    WorkerRecord& worker = workers_[slot];
    if (std::exchange(worker.leaves, true) || !worker.deadline) return;
    worker.deadline = std::max(*worker.deadline, now_ + options_.leaving_limit);
}

void Fleet::on_silent(std::size_t slot, const FleetEvent& event) {
    log(LogLevel::error, slot, with_details("hangs: " + event.text, event));
    end(slot, WorkerState::aborting, event.text);
    blame(slot, Fault::hang, event.text);
    lose_place(slot, event.text, ExitCode::failure);
}

void Fleet::on_boot_late(std::size_t slot, const FleetEvent&) {
    const std::string reason = "did not become ready within " + to_text(options_.boot_timeout);
    log(LogLevel::error, slot, reason);
    end(slot, WorkerState::aborting, reason);
    blame(slot, Fault::start, reason);
    lose_place(slot, reason, ExitCode::worker_boot_failed);
}

void Fleet::on_spawn_late(std::size_t slot, const FleetEvent&) {
    const std::string reason = "was not spawned within " + to_text(options_.boot_timeout);
    log(LogLevel::error, slot, reason);
    call_off(slot, reason);
    blame(slot, Fault::start, reason);
    lose_place(slot, reason, ExitCode::worker_boot_failed);
}

/// The slot stays taken until the answer has come: somebody may be in it by then.
void Fleet::call_off(std::size_t slot, std::string_view reason) {
    WorkerRecord& worker = workers_[slot];
    if (std::exchange(worker.called_off, true)) return;
    worker.reason = reason;
    worker.deadline.reset();
    act(ActionKind::call_off_spawn, slot).text = worker.reason;
}

std::optional<Duration> Fleet::boot_limit() const {
    return options_.boot_timeout > Duration::zero() ? std::optional(options_.boot_timeout) : std::nullopt;
}

void Fleet::on_stable(std::size_t slot, const FleetEvent&) { workers_[slot].backoff = Backoff(); }

void Fleet::on_patience_over(std::size_t slot, const FleetEvent&) {
    WorkerRecord& worker = workers_[slot];
    if (worker.state == WorkerState::draining) {
        worker.overdue = true;
        log(LogLevel::warning, slot, worker.leaves ? "has drained, but does not end: destructors or exit handlers take too long"
                                                   : "did not end within --graceful-timeout: requests or the application's "
                                                     "shutdown() take longer");
    }
    if (worker.state == WorkerState::killed) {
        log(LogLevel::critical, slot, "does not end, not even by KILL");
        worker.given_up = true;
    }
    end(slot, rung_of(worker.state).next, worker.reason);
}

void Fleet::enter(std::size_t slot, WorkerState state, std::optional<Duration> limit) {
    WorkerRecord& worker = workers_[slot];
    worker.state = state;
    worker.since = now_;
    worker.deadline = limit ? std::optional(now_ + *limit) : std::nullopt;
}

/// The process is gone; the place, if it holds one, is decided on by the caller.
void Fleet::leave_process(std::size_t slot) {
    enter(slot, WorkerState::empty, std::nullopt);
    workers_[slot].pid = 0;
    workers_[slot].leaves = false;
    workers_[slot].called_off = false;
    workers_[slot].recycle_turn = 0;
    workers_[slot].overdue = false;
    workers_[slot].given_up = false;
    workers_[slot].reason.clear();
}

void Fleet::end(std::size_t slot, WorkerState state, std::string reason) {
    const Rung& rung = rung_of(state);
    enter(slot, state, options_.*rung.patience);
    workers_[slot].reason = std::move(reason);
    Action& order = act(rung.order, slot);
    order.signal_number = rung.signal_number;
    order.patience = options_.*rung.patience;
    order.text = workers_[slot].reason;
}

/// A worker failed. Whether its place is tried again depends on whose it was.
void Fleet::lose_place(std::size_t slot, std::string_view reason, ExitCode code) {
    WorkerRecord& worker = workers_[slot];
    if (!worker.holds_place) {
        if (!worker.is_live()) release_place(slot);
        return;
    }
    if (is_reloading() && worker.generation == reload_.generation) {
        release_place(slot);
        return roll_back(reason);
    }
    if (worker.generation != committed_) return release_place(slot);  // of a roll-back: its place goes to the others
    const bool others_try = code == ExitCode::failure && live_count() > 0;
    const bool is_first_start = !ever_ready_ && !options_.outlives_first_failure;
    if (is_first_start && !others_try) return fail_first_start(reason, code);
    retry_place(slot, reason);
}

/// Notes the failure, and lets the place wait: in another slot, if the failed process still has to be ended
/// in this one.
void Fleet::retry_place(std::size_t slot, std::string_view reason) {
    Backoff backoff = workers_[slot].backoff;
    const Duration delay = backoff_delay(++backoff.failures, options_, random_);
    backoff.due = now_ + delay;
    last_failure_ = reason;
    if (delay > Duration::zero()) {
        log(LogLevel::warning, slot,
            "failed " + std::to_string(backoff.failures) + " times in a row; tried again in " + to_text(delay));
    }
    const std::uint32_t generation = workers_[slot].generation;
    const std::optional<std::size_t> elsewhere = workers_[slot].is_live() ? spare_slot() : slot;
    if (elsewhere) {
        release_place(slot);
        return claim(*elsewhere, generation, backoff, true);
    }
    workers_[slot].backoff = backoff;
    workers_[slot].is_respawn = true;
}

void Fleet::fail_first_start(std::string_view reason, ExitCode code) {
    exit_code_ = code;
    exit_reason_ = reason;
    log(LogLevel::critical, "no worker became ready, the server stops: " + std::string(reason));
    stop(true);
}

}  // namespace girin
