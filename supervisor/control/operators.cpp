#include "supervisor/control/operators.hpp"

#include <cctype>
#include <utility>

#include "girin/log.hpp"

namespace girin {
namespace {

std::string gone_back(const Action& commit) {
    return commit.text + "; generation " + std::to_string(commit.generation) + " serves, as generation " +
           std::to_string(commit.restores) + " did";
}

std::string no_way_back(const Action& roll_back) {
    return "it failed after it had taken over, and there is no way back: " + roll_back.text;
}

}  // namespace

Operators::Operators(Common& common)
    : common_(common),
      monitor_(common.os, common.wait, common.setup.monitor ? [this] { return fork_monitor(); } : MonitorProcess::Spawn()) {}

Result<void> Operators::begin(Inbox&) {
    report_listeners();
    common_.report.publish(common_.fleet);
    if (!common_.setup.monitor_waits) monitor_.start();
    return {};
}

void Operators::on_time(TimePoint now, Inbox&) { monitor_.on_deadline(now); }

void Operators::on_turn_end(TimePoint, Inbox&) {
    answer_once_handed_over();
    tell_outcomes();
}

void Operators::carry_out(const Action& action, Inbox&) {
    switch (action.kind) {
        case ActionKind::prepare_reload:
            common_.report.on_reload(action.generation, ReloadOutcome::running);
            if (action.restores == 0) desk_.on_reload_begins(action.generation);
            return;
        case ActionKind::commit_reload: return on_commit(action);
        case ActionKind::end_watch: return desk_.on_watch_ended(action.generation, action.text);
        case ActionKind::roll_back_reload: return on_roll_back(action);
        case ActionKind::report_degraded:
            common_.report.on_degraded(action.text);
            return common_.report.say(LogLevel::warning, "Degraded: " + action.text);
        case ActionKind::report_recovered: return common_.report.say(LogLevel::info, "Recovered: " + action.text);
        case ActionKind::log: return log_decision(action);
        default: return;
    }
}

void Operators::hear(const Order& order, Inbox&) {
    if (const auto* const answer = as<AnswerRequest>(order)) desk_.answer(answer->answer);
    if (const auto* const scale = as<AwaitScale>(order)) await_scale(*scale);
    if (const auto* const end = as<WorkerEnded>(order)) desk_.on_worker_exited(end->slot, end->pid, end->story.sentence);
    if (as<LogsReopened>(order)) hand_out_log();
    if (const auto* const asked = as<AskLogLevel>(order)) monitor_.tell(Message(MessageKind::log_level, 0, asked->name));
    if (const auto* const failed = as<UpgradeFailed>(order)) answer_upgrade_askers(AnswerKind::failed, failed->why);
    if (as<TakenOver>(order)) monitor_.start();
    if (as<HandedOver>(order)) {
        if (common_.setup.on_handed_over) common_.setup.on_handed_over();
        monitor_.begin_end(kMonitorLongDrainLimit);  // whoever comes now is the successor's to answer
    }
    if (const auto* const ours = as<JoinHandover>(order)) join(*ours->handover);
    if (as<FirstReady>(order)) {
        common_.report.on_first_ready();
        if (common_.setup.on_first_ready) common_.setup.on_first_ready();
    }
}

std::vector<pid_t> Operators::children() const {
    return monitor_.is_running() ? std::vector<pid_t>{monitor_.pid()} : std::vector<pid_t>();
}

void Operators::on_commit(const Action& action) {
    report_listeners();
    const std::uint32_t failed = common_.generations.former_number();
    const bool goes_back = action.restores != 0;
    common_.report.on_reload(action.generation, ReloadOutcome::committed);
    if (goes_back) common_.report.on_reload(failed, ReloadOutcome::rolled_back, action.text);
    desk_.on_reload_committed(action.generation, action.patience);
    if (goes_back) desk_.on_watch_ended(failed, gone_back(action));
}

void Operators::on_roll_back(const Action& action) {
    common_.report.on_reload(action.generation, ReloadOutcome::rolled_back, action.text);
    desk_.on_reload_rolled_back(action.generation, action.text);
    if (action.restores != 0) desk_.on_watch_ended(common_.generations.committed_number(), no_way_back(action));
}

void Operators::report_listeners() {
    common_.report.set_listeners(listener_lines(common_.generations.committed().listeners));
    common_.report.set_serves_programs(!common_.settings().exec.empty());
}

void Operators::log_decision(const Action& action) {
    std::string text = action.text;
    if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    common_.report.say(action.level, text);
}

void Operators::answer_upgrade_askers(AnswerKind kind, const std::string& text) {
    for (const std::uint64_t id : upgrade_askers_) desk_.answer(ControlAnswer(id, kind, text));
    upgrade_askers_.clear();
}

/// Not before our monitor leaves its sockets to the successor's, so that whoever asks next hears the successor.
void Operators::answer_once_handed_over() {
    const Standing& standing = common_.standing;
    if (!standing.retiring || standing.successor == 0 || !monitor_.has_stopped_accepting()) return;
    answer_upgrade_askers(AnswerKind::done, "the new master is pid " + std::to_string(standing.successor));
}

/// Who asked for it hears what comes of it from the binary that serves then; others can't be answered there.
void Operators::join(Handover& handover) {
    if (monitor_.is_running()) {
        handover.elders.emplace_back(monitor_.pid(), monitor_.channel(), true);
        handover.askers = upgrade_askers_;
    }
    if (!handover.askers.empty()) handover.requests_fd = monitor_.requests();
    desk_.on_replaced();
    tell_outcomes();
}

void Operators::hand_out_log() {
    const LogFiles::Parcel own = common_.generations.committed().files.logs.pack(LogFiles::Which::error_only);
    monitor_.tell(own.message, own.descriptors);
}

/// Once a turn: what has become of requests is answered, and what has changed is published.
void Operators::tell_outcomes() {
    const Fleet& fleet = common_.fleet;
    if (monitor_.was_renewed()) {
        desk_.forget_all();
        upgrade_askers_.clear();
    }
    if (fleet.is_stopping()) {
        desk_.on_stopping();
        monitor_.on_server_stops();
    }
    FleetGlance glance;
    glance.wanted = fleet.wanted();
    glance.ready = fleet.ready_count();
    glance.degraded = fleet.is_degraded();
    if (glance.degraded) glance.degraded_why = common_.report.degraded_why();
    desk_.look(glance);
    common_.report.publish(fleet);
    for (const ControlAnswer& answer : desk_.take_answers()) monitor_.answer(answer.id, answer.to_text());
}

void Operators::begin_end() {
    ended_ = true;
    desk_.on_stopped();
    tell_outcomes();
    monitor_.begin_end();
}

}  // namespace girin
