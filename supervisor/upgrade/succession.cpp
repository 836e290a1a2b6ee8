#include "supervisor/upgrade/succession.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <utility>

#include "girin/log.hpp"
#include "supervisor/crew/fleet_settings.hpp"
#include "supervisor/process/exit_cause.hpp"
#include "supervisor/upgrade/execute.hpp"
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

bool Succession::owns(SourceKind kind) const {
    return kind == SourceKind::successor_line || kind == SourceKind::successor_end;
}

bool Succession::on_ready(ReadySource source, Inbox& inbox) {
    on_line(inbox);  // its last words come before its end
    if (source.kind == SourceKind::successor_end) on_end(inbox);
    return false;
}

/// What was asked for begins when it may, and what takes too long is ended.
void Succession::on_turn_end(TimePoint now, Inbox& inbox) {
    const Fleet& fleet = common_.fleet;
    const Standing& standing = common_.standing;
    const bool busy = fleet.is_reloading() || fleet.has_pending_reload() || !standing.told_ready || standing.on_trial;
    if (upgrade_.state() == UpgradeState::waiting && !busy) upgrade(UpgradeEvent::free, inbox);
    if (upgrade_.deadline() && *upgrade_.deadline() <= now) upgrade(UpgradeEvent::tick, inbox);
}

void Succession::hear(const Order& order, Inbox& inbox) {
    if (as<AskUpgrade>(order)) upgrade(UpgradeEvent::requested, inbox);
    if (as<AskStop>(order)) stop(inbox);
    if (const auto* const asked = as<AskQuickStop>(order)) stop_quickly(asked->signo, inbox);
    if (as<AskReload>(order)) reload(inbox);
    if (as<LeaveSuccessor>(order)) leave_successor(inbox);
    if (as<ExecuteBinary>(order)) execute_in_place(inbox);
}

std::vector<pid_t> Succession::children() const {
    return successor_ ? std::vector<pid_t>{successor_->pid()} : std::vector<pid_t>();
}

void Succession::upgrade(UpgradeEvent event, Inbox& inbox, const std::string& text) {
    const UpgradeOptions options = to_upgrade_options(common_.settings());
    for (const UpgradeAction& action : upgrade_.decide(event, common_.os.now(), options, text)) carry_out_step(action, inbox);
    common_.standing.upgrading = upgrade_.is_under_way();
}

void Succession::carry_out_step(const UpgradeAction& action, Inbox& inbox) {
    switch (action.order) {
        case UpgradeOrder::spawn: return start_successor(inbox);
        case UpgradeOrder::tell_take: return say_to_successor(kTakeOver);
        case UpgradeOrder::tell_give_up: return say_to_successor(kGiveUp);
        case UpgradeOrder::tell_finish: return say_to_successor(kFinish);
        case UpgradeOrder::execute: return join_in_place(inbox);
        case UpgradeOrder::kill: return kill_successor();
        case UpgradeOrder::retire: return retire(inbox);
        case UpgradeOrder::failed: return on_failed(action.text, inbox);
        case UpgradeOrder::log: return log_info("Upgrade: " + action.text);
    }
}

/// First nobody new is taken, so that the workers' last look into the queue can have an end.
void Succession::stop(Inbox& inbox) {
    if (std::exchange(common_.standing.stop_asked, true)) return;
    upgrade(UpgradeEvent::stop, inbox, "the server stops");
    inbox.put(RefuseNewcomers());
    inbox.put(StopsGracefully());
    inbox.put(FleetEvent::stop_graceful());
}

/// QUIT ends the soak early, as the last step of an upgrade by hand; without an upgrade it stops the server.
void Succession::stop_quickly(int signo, Inbox& inbox) {
    if (signo == SIGQUIT && upgrade_.state() == UpgradeState::soaking) return upgrade(UpgradeEvent::finish, inbox);
    common_.standing.stop_asked = true;
    upgrade(UpgradeEvent::stop, inbox, "the server stops");
    inbox.put(StopsQuickly());
    inbox.put(FleetEvent::stop_quick());
}

/// What isn't decided yet can't be reloaded: neither a master that may go, nor one that may not stay.
void Succession::reload(Inbox& inbox) {
    const bool decided = upgrade_.state() == UpgradeState::idle || upgrade_.state() == UpgradeState::done;
    const bool may = decided || common_.fleet.is_paused();
    if (may && !common_.standing.predecessor_listens) return inbox.put(FleetEvent::reload_requested());
    common_.standing.reload_waits = true;
    log_info("Reload: put off until the upgrade has ended");
}

void Succession::start_successor(Inbox& inbox) {
    const SupervisorSetup& setup = common_.setup;
    Handover handover;
    handover.rehearsal = to_upgrade_options(common_.settings()).rehearses;
    handover.sockets = to_handover(common_.generations.committed().listeners);
    if (setup.add_to_handover) setup.add_to_handover(handover);
    if (setup.program.path.empty()) return upgrade(UpgradeEvent::not_spawned, inbox, "the path of our binary isn't known");
    auto started = Successor::start(common_.os, setup.program, handover, setup.child.signals);
    if (!started) return upgrade(UpgradeEvent::not_spawned, inbox, started.error().message());
    successor_ = std::move(*started);
    common_.standing.successor = successor_->pid();
    auto watched = common_.wait.add(successor_->pidfd(), ReadySource(SourceKind::successor_end, 0));
    if (watched) watched = common_.wait.add(successor_->channel(), ReadySource(SourceKind::successor_line, 0));
    log_info("Upgrade: " + setup.program.path + (handover.rehearsal ? " rehearses as pid " : " starts as pid ") +
             std::to_string(successor_->pid()));
    // Unwatched it could only be waited for; that has an end.
    if (!watched) return upgrade(UpgradeEvent::stop, inbox, watched.error().message());
    upgrade(UpgradeEvent::spawned, inbox);
}

void Succession::say_to_successor(std::string_view text) const { say(successor_ ? successor_->channel() : -1, text); }

void Succession::kill_successor() const {
    if (successor_) [[maybe_unused]] const auto sent = common_.os.signal_child(successor_->pidfd(), SIGKILL);
}

void Succession::on_line(Inbox& inbox) {
    while (successor_ && successor_->channel() >= 0) {
        const HeardLine heard = girin::hear(successor_->channel());
        if (heard.closed) {
            common_.wait.remove(successor_->channel());
            return successor_->hang_up();  // its end is told by its pidfd
        }
        if (!heard.text) return;
        const std::string& text = *heard.text;
        if (text == kReady) upgrade(UpgradeEvent::ready, inbox);
        if (text.starts_with(kUnwell)) upgrade(UpgradeEvent::unwell, inbox, text.substr(kUnwell.size()));
        if (text == kTakenInPart) common_.standing.left_some = true;
        if (text == kTaken || text == kTakenInPart) upgrade(UpgradeEvent::taken, inbox);
    }
}

void Succession::on_end(Inbox& inbox) {
    if (!successor_) return;
    const auto ended = common_.os.reap_child(successor_->pidfd());
    if (!ended || !*ended) return;
    ExitEvidence evidence;
    evidence.ended = **ended;
    common_.wait.remove(successor_->pidfd());
    common_.wait.remove(successor_->channel());
    const ExitStory story = explain_exit(evidence);
    const std::string who = "(pid " + std::to_string(successor_->pid()) + ") ";
    const std::string how = who + story.sentence;
    successor_.reset();
    common_.standing.successor = 0;
    // Since it took over, it may be stopped or followed by another like any master.
    const bool retiring = common_.standing.retiring;
    if (retiring && story.kind == ExitKind::left) return log_info("Upgrade: the new master " + who + "has ended as well");
    if (retiring) return log_error("Upgrade: the new master " + how);
    const bool is_fine = !evidence.ended.by_signal && evidence.ended.value == 0;
    if (common_.setup.take_back) common_.setup.take_back();
    upgrade(is_fine ? UpgradeEvent::finished : UpgradeEvent::ended, inbox, how);
}

void Succession::on_failed(const std::string& why, Inbox& inbox) {
    inbox.put(UpgradeFailed{why});
    common_.standing.trouble = "the last upgrade failed: " + why;
    log_error("Upgrade: failed, this master goes on: " + why);
    if (common_.fleet.is_stopping()) return;
    if (common_.fleet.is_paused()) inbox.put(FleetEvent::resume());
    if (std::exchange(common_.standing.reload_waits, false)) inbox.put(FleetEvent::reload_requested());
}

/// The successor serves. What is left to us is to let our workers finish.
void Succession::retire(Inbox& inbox) {
    common_.standing.retiring = true;
    const pid_t successor = common_.standing.successor;
    log_info("Upgrade: the new master (pid " + std::to_string(successor) + ") has taken over; this one drains");
    inbox.put(HandedOver{successor});
    inbox.put(LeaveSuccessor());
    inbox.put(FleetEvent::stop_graceful());
}

void Succession::leave_successor(Inbox&) {
    if (!successor_) return;
    if (common_.standing.reload_waits) {
        [[maybe_unused]] const auto sent = common_.os.signal_child(successor_->pidfd(), SIGHUP);
    }
    common_.wait.remove(successor_->channel());
    successor_->hang_up();  // by which it knows that it may speak for the service
}

/// As PID 1. The new binary has shown, beside us, that it serves.
void Succession::join_in_place(Inbox& inbox) {
    in_place_ = Handover();
    in_place_.in_place = true;
    binary_.reset(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    in_place_.binary_fd = binary_.get();
    in_place_.sockets = to_handover(common_.generations.committed().listeners);
    if (common_.setup.add_to_handover) common_.setup.add_to_handover(in_place_);
    log_info("Upgrade: " + common_.setup.program.path + " is executed in place, with " +
             std::to_string(common_.workers.all().size()) + " workers that serve until it is ready");
    inbox.put(JoinHandover{&in_place_});
    inbox.put(ExecuteBinary());
}

/// Returns only when it can't be executed.
void Succession::execute_in_place(Inbox& inbox) {
    const Error failure = execute_program(common_.setup.program.path, common_.setup.program, in_place_);
    binary_.reset();
    upgrade(UpgradeEvent::not_spawned, inbox, failure.message());
}

}  // namespace girin
