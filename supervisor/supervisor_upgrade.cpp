// The shell's side of an upgrade, on both ends: the master that has a successor, and the one that is one. Not here:
// what follows from what (upgrade/upgrade.hpp).

#include <signal.h>
#include <unistd.h>

#include <utility>

#include "girin/log.hpp"
#include "supervisor/process/exit_cause.hpp"
#include "supervisor/supervisor.hpp"
#include "supervisor/upgrade/handover_line.hpp"
#include "worker/process/scoreboard.hpp"

namespace girin {
namespace {

constexpr Duration kLateWorkers = std::chrono::seconds(5);  // TERM and KILL for those that don't drain in time

UpgradeOptions to_upgrade_options(const Settings& settings) {
    UpgradeOptions options;
    // Longer than the successor gives its own workers, so that it can tell why they didn't become ready.
    options.boot_timeout = settings.boot_timeout + settings.boot_timeout / 4;
    options.soak = settings.soak;
    options.rehearses = ::getpid() == 1;  // a container ends with its PID 1
    options.finish_patience = settings.graceful_timeout + kDrainMargin + kLeavingLimit + kLateWorkers;
    return options;
}

}  // namespace

void Supervisor::upgrade(UpgradeEvent event, const std::string& text) {
    const UpgradeOptions options = to_upgrade_options(generations_.committed().settings);
    for (const UpgradeAction& action : upgrade_.decide(event, os_.now(), options, text)) carry_out(action);
}

void Supervisor::carry_out(const UpgradeAction& action) {
    switch (action.order) {
        case UpgradeOrder::spawn: return start_successor();
        case UpgradeOrder::tell_take: return say(successor_ ? successor_->channel() : -1, kTakeOver);
        case UpgradeOrder::tell_give_up: return say(successor_ ? successor_->channel() : -1, kGiveUp);
        case UpgradeOrder::tell_finish: return say(successor_ ? successor_->channel() : -1, kFinish);
        case UpgradeOrder::execute: return execute_in_place();
        case UpgradeOrder::kill:
            if (successor_) [[maybe_unused]] const auto sent = os_.signal_child(successor_->pidfd(), SIGKILL);
            return;
        case UpgradeOrder::retire: return retire();
        case UpgradeOrder::failed: return on_upgrade_failed(action.text);
        case UpgradeOrder::log: return log_info("Upgrade: " + action.text);
    }
}

void Supervisor::answer_upgrade_askers(AnswerKind kind, const std::string& text) {
    for (const std::uint64_t id : upgrade_askers_) desk_.answer(ControlAnswer(id, kind, text));
    upgrade_askers_.clear();
}

/// Not before our monitor leaves its sockets to the successor's, so that whoever asks next hears the successor.
void Supervisor::answer_once_handed_over() {
    if (!retiring_ || !successor_ || !monitor_.has_stopped_accepting()) return;
    answer_upgrade_askers(AnswerKind::done, "the new master is pid " + std::to_string(successor_->pid()));
}

void Supervisor::start_successor() {
    Handover handover;
    handover.rehearsal = to_upgrade_options(generations_.committed().settings).rehearses;
    handover.sockets = to_handover(generations_.committed().listeners);
    if (setup_.add_to_handover) setup_.add_to_handover(handover);
    if (setup_.program.path.empty()) return upgrade(UpgradeEvent::not_spawned, "the path of our binary isn't known");
    auto started = Successor::start(os_, setup_.program, handover, setup_.child.signals);
    if (!started) return upgrade(UpgradeEvent::not_spawned, started.error().message());
    successor_ = std::move(*started);
    auto watched = wait_.add(successor_->pidfd(), ReadySource(SourceKind::successor_end, 0));
    if (watched) watched = wait_.add(successor_->channel(), ReadySource(SourceKind::successor_line, 0));
    log_info("Upgrade: " + setup_.program.path + (handover.rehearsal ? " rehearses as pid " : " starts as pid ") +
             std::to_string(successor_->pid()));
    // Unwatched it could only be waited for; that has an end.
    if (!watched) return upgrade(UpgradeEvent::stop, watched.error().message());
    upgrade(UpgradeEvent::spawned);
}

void Supervisor::on_successor_line() {
    while (successor_ && successor_->channel() >= 0) {
        const HeardLine heard = hear(successor_->channel());
        if (heard.closed) {
            wait_.remove(successor_->channel());
            return successor_->hang_up();  // its end is told by its pidfd
        }
        if (!heard.text) return;
        const std::string& text = *heard.text;
        if (text == kReady) upgrade(UpgradeEvent::ready);
        if (text.starts_with(kUnwell)) upgrade(UpgradeEvent::unwell, text.substr(kUnwell.size()));
        if (text == kTakenInPart) successor_left_some_ = true;
        if (text == kTaken || text == kTakenInPart) upgrade(UpgradeEvent::taken);
    }
}

void Supervisor::on_successor_end() {
    on_successor_line();  // its last words come before its end
    if (!successor_) return;
    const auto ended = os_.reap_child(successor_->pidfd());
    if (!ended || !*ended) return;
    ExitEvidence evidence;
    evidence.ended = **ended;
    wait_.remove(successor_->pidfd());
    wait_.remove(successor_->channel());
    const ExitStory story = explain_exit(evidence);
    const std::string who = "(pid " + std::to_string(successor_->pid()) + ") ";
    const std::string how = who + story.sentence;
    successor_.reset();
    // Since it took over, it may be stopped or followed by another like any master.
    if (retiring_ && story.kind == ExitKind::left) return log_info("Upgrade: the new master " + who + "has ended as well");
    if (retiring_) return log_error("Upgrade: the new master " + how);
    const bool is_fine = !evidence.ended.by_signal && evidence.ended.value == 0;
    if (setup_.take_back) setup_.take_back();
    upgrade(is_fine ? UpgradeEvent::finished : UpgradeEvent::ended, how);
}

/// Between turns: what was asked for begins when it may, and what takes too long is ended.
void Supervisor::look_after_upgrade(TimePoint now) {
    answer_once_handed_over();
    const bool busy = fleet_.is_reloading() || fleet_.has_pending_reload() || !told_ready_ || on_trial();
    if (upgrade_.state() == UpgradeState::waiting && !busy) upgrade(UpgradeEvent::free);
    if (upgrade_.deadline() && *upgrade_.deadline() <= now) upgrade(UpgradeEvent::tick);
    tell_predecessor();
    look_after_place(now);
}

void Supervisor::on_upgrade_failed(const std::string& why) {
    answer_upgrade_askers(AnswerKind::failed, why);
    trouble_ = "the last upgrade failed: " + why;
    log_error("Upgrade: failed, this master goes on: " + why);
    if (fleet_.is_stopping()) return;
    if (fleet_.is_paused()) decide(FleetEvent::resume());
    if (std::exchange(reload_after_upgrade_, false)) decide(FleetEvent::reload_requested());
}

/// The successor serves. What is left to us is to let our workers finish.
void Supervisor::retire() {
    retiring_ = true;
    log_info("Upgrade: the new master (pid " + std::to_string(successor_->pid()) + ") has taken over; this one drains");
    if (setup_.service) setup_.service->hand_over_to(successor_->pid());
    if (setup_.on_handed_over) setup_.on_handed_over();
    monitor_.begin_end(kMonitorLongDrainLimit);  // whoever comes now is the successor's to answer
    generations_.leave_files();
    if (reload_after_upgrade_) [[maybe_unused]] const auto sent = os_.signal_child(successor_->pidfd(), SIGHUP);
    wait_.remove(successor_->channel());
    successor_->hang_up();  // by which it knows that it may speak for the service
    decide(FleetEvent::stop_graceful());
}

/// What isn't decided yet can't be reloaded: neither a master that may go, nor one that may not stay.
void Supervisor::reload() {
    const bool decided = upgrade_.state() == UpgradeState::idle || upgrade_.state() == UpgradeState::done;
    if ((decided || fleet_.is_paused()) && (!on_trial() || in_place())) return decide(FleetEvent::reload_requested());
    reload_after_upgrade_ = true;
    log_info("Reload: put off until the upgrade has ended");
}

/// QUIT ends the soak early, as the last step of an upgrade by hand; without an upgrade it stops the server.
void Supervisor::stop_quickly(int signo) {
    if (signo == SIGQUIT && upgrade_.state() == UpgradeState::soaking) return upgrade(UpgradeEvent::finish);
    stop_asked_ = true;
    upgrade(UpgradeEvent::stop, "the server stops");
    elders_.answer(AnswerKind::failed, "the server stops");
    elders_.quit();
    decide(FleetEvent::stop_quick());
}

void Supervisor::tell_predecessor() {
    if (!on_trial() || in_place() || fleet_.is_stopping()) return;
    const bool ready = told_ready_ && fleet_.ready_count() >= fleet_.wanted();
    if (told_predecessor_ready_ == ready || (!ready && !told_predecessor_ready_)) return;
    told_predecessor_ready_ = ready;
    const std::string trouble = fleet_.last_failure().empty() ? "a worker ended" : fleet_.last_failure();
    say(setup_.predecessor->channel(), ready ? std::string(kReady) : std::string(kUnwell) + trouble);
}

void Supervisor::on_predecessor() {
    for (;;) {
        const HeardLine heard = hear(setup_.predecessor->channel());
        if (heard.closed) return on_predecessor_gone();
        if (!heard.text) return;
        if (*heard.text == kTakeOver && on_trial()) {
            take_over();
            continue;
        }
        if (*heard.text == kFinish) {
            log_info("Upgrade: the running master goes on, this one finishes what it has in hand and ends");
            decide(FleetEvent::stop_graceful());
        }
        if (*heard.text != kGiveUp) continue;
        log_info("Upgrade: the running master goes on, this one ends");
        wait_.remove(setup_.predecessor->channel());
        setup_.predecessor->hang_up();
        return decide(FleetEvent::stop_quick());
    }
}

/// It has handed over and drains; or it was killed, and there is nobody but us.
void Supervisor::on_predecessor_gone() {
    wait_.remove(setup_.predecessor->channel());
    setup_.predecessor->hang_up();
    if (on_trial() && fleet_.is_stopping()) return;
    if (on_trial()) {
        log_warning("Upgrade: the old master is gone before it handed over; this one stays");
        take_over();
    }
    if (setup_.service) setup_.service->speak();
    have_listeners_kept();
}

void Supervisor::take_over() {
    taken_over_ = true;
    generations_.claim_files();
    const bool in_part = setup_.take_over && setup_.take_over();
    log_info("Upgrade: this master has taken over");
    monitor_.start();
    say(setup_.predecessor->channel(), in_part ? kTakenInPart : kTaken);
    if (std::exchange(reload_after_upgrade_, false)) decide(FleetEvent::reload_requested());
}

}  // namespace girin
