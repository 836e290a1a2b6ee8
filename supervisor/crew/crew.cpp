#include "supervisor/crew/crew.hpp"

#include <algorithm>
#include <utility>

#include "girin/log.hpp"
#include "supervisor/crew/fleet_settings.hpp"
#include "supervisor/health/health_report.hpp"
#include "supervisor/sockets/lanes.hpp"

namespace girin {
namespace {

ExitCode to_boot_exit_code(std::int64_t told) {
    const auto not_loaded = static_cast<std::int64_t>(ExitCode::application_not_loaded);
    return told == not_loaded ? ExitCode::application_not_loaded : ExitCode::worker_boot_failed;
}

int to_event_status(const ChildExit& ended, const ExitStory& story) {
    const bool by_fault = story.kind == ExitKind::crashed || story.kind == ExitKind::out_of_memory;
    if (ended.by_signal) return by_fault ? FleetEvent::kSignalled : FleetEvent::kKilled;
    return ended.value;
}

}  // namespace

Crew::Crew(Common& common)
    : common_(common), listening_(common), birth_(common),
      zygotes_(common, birth_, listening_, oom_, [this](std::size_t slot, Result<Newborn> born, ExitCode code, Inbox& inbox) {
          add(slot, std::move(born), code, inbox);
      }) {}

Result<void> Crew::begin(Inbox& inbox) {
    log_listening(common_.generations.committed().listeners);
    inbox.put(SocketsChanged());
    return {};
}

std::optional<TimePoint> Crew::next_deadline() const {
    const auto of_workers = common_.workers.next_deadline(), of_zygotes = zygotes_.next_deadline();
    if (!of_workers || !of_zygotes) return of_workers ? of_workers : of_zygotes;
    return std::min(*of_workers, *of_zygotes);
}

std::vector<pid_t> Crew::children() const {
    std::vector<pid_t> all = common_.workers.pids();
    for (const pid_t zygote : zygotes_.pids()) all.push_back(zygote);
    return all;
}

void Crew::let_go() {
    common_.workers.forget();
    zygotes_.let_go();
}

bool Crew::owns(SourceKind kind) const {
    return kind == SourceKind::worker_end || kind == SourceKind::worker_channel || zygotes_.owns(kind);
}

/// Its last words come before its end.
bool Crew::on_ready(ReadySource source, Inbox& inbox) {
    if (zygotes_.owns(source.kind)) return zygotes_.on_ready(source, inbox);
    if (has_said_more(source.id, inbox)) return true;
    if (source.kind == SourceKind::worker_end) reap(source.id, inbox);
    return false;
}

void Crew::on_time(TimePoint now, Inbox& inbox) {
    common_.workers.on_deadline(now);
    zygotes_.on_time(now, inbox);
}

void Crew::on_turn_end(TimePoint, Inbox& inbox) {
    if (common_.fleet.is_stopping()) zygotes_.end(inbox);
    common_.report.set_zygotes(zygotes_.all());
    listening_.steer();
}

void Crew::carry_out(const Action& action, Inbox& inbox) {
    switch (action.kind) {
        case ActionKind::spawn: return spawn(action, inbox);
        case ActionKind::tell_drain: return tell_drain(action);
        case ActionKind::tell_quit: return common_.workers.tell(action.slot, Message(MessageKind::quit));
        case ActionKind::signal: return common_.workers.send_signal(action.slot, action.signal_number, "");
        case ActionKind::call_off_spawn:
        case ActionKind::prepare_reload:
        case ActionKind::drop_generation: return zygotes_.carry_out(action, inbox);
        case ActionKind::commit_reload: return birth_.use_log_level(std::nullopt);  // the settings have their own
        default: return;
    }
}

void Crew::hear(const Order& order, Inbox& inbox) {
    if (as<RefuseNewcomers>(order)) listening_.refuse_newcomers();
    if (as<ListenAgain>(order)) listening_.listen_again(inbox);
    if (as<CloseUnused>(order)) listening_.close_when_unused();
    if (as<HandedOver>(order)) common_.generations.leave_files();
    if (const auto* const asked = as<AskReopenLogs>(order)) reopen_logs(*asked, inbox);
    if (const auto* const asked = as<AskLogLevel>(order)) {
        birth_.use_log_level(asked->level);
        common_.workers.tell_all(Message(MessageKind::log_level, 0, asked->name));
    }
    if (const auto* const join = as<JoinHandover>(order)) {
        for (const auto& [slot, worker] : common_.workers.all()) {
            join->handover->elders.emplace_back(worker.pid, worker.channel.get());
        }
    }
}

void Crew::spawn(const Action& action, Inbox& inbox) {
    if (zygotes_.is_for(action.generation)) return zygotes_.carry_out(action, inbox);
    listening_.listen_again(inbox);
    add(action.slot, birth_.fork(action.slot, action.generation, listening_, inbox), ExitCode::failure, inbox);
}

/// However it was born, and whenever: this is where a slot gets its process, or the reason why not.
void Crew::add(std::size_t slot, Result<Newborn> born, ExitCode code, Inbox& inbox) {
    if (!born) return inbox.put(FleetEvent::worker_spawn_failed(slot, born.error().message(), code));
    auto worker = common_.workers.add(slot, std::move(born->process));
    if (!worker) return inbox.put(FleetEvent::worker_spawn_failed(slot, worker.error().message()));
    (*worker)->generation = born->generation;
    (*worker)->lane = born->lane;
    (*worker)->cpu = born->cpu;
    common_.report.on_spawned(slot, common_.os.now());
    inbox.put(FleetEvent::worker_spawned(slot, (*worker)->pid));
}

/// Deals with one thing that it has said. What it says meanwhile is for another turn: it doesn't keep the master.
bool Crew::has_said_more(std::size_t slot, Inbox& inbox) {
    if (!std::exchange(has_read_, true)) {
        for (Message& message : common_.workers.read_messages(slot)) heard_.push_back(std::move(message));
    }
    if (heard_.empty()) return has_read_ = false;
    const Message message = std::move(heard_.front());
    heard_.pop_front();
    on_message(slot, message, inbox);
    return true;
}

void Crew::on_message(std::size_t slot, const Message& message, Inbox& inbox) {
    WorkerProcess* const worker = common_.workers.find(slot);
    if (!worker) return;
    switch (message.kind) {
        case MessageKind::ready:
            if (!worker->ready_at) worker->ready_at = common_.os.now();
            inbox.put(FleetEvent::worker_ready(slot));
            return listening_.replace_deaf(slot, inbox);
        case MessageKind::boot_failed:
            return inbox.put(FleetEvent::worker_boot_failed(slot, message.text, to_boot_exit_code(message.value)));
        case MessageKind::recycle: return inbox.put(FleetEvent::worker_asks_recycle(slot, message.text));
        case MessageKind::draining:
            worker->accepting = false;
            return listening_.close_when_unused();
        case MessageKind::listeners_closed:
            worker->has_listeners = false;
            return listening_.close_when_unused();
        case MessageKind::crashed: return inbox.put(WorkerCrashes{slot});
        case MessageKind::leaving: return inbox.put(FleetEvent::worker_leaves(slot));
        default: return;  // what only a master says
    }
}

void Crew::reap(std::size_t slot, Inbox& inbox) {
    const WorkerProcess* const worker = common_.workers.find(slot);
    const pid_t pid = worker ? worker->pid : 0;
    const std::uint32_t generation = worker ? worker->generation : 0;
    std::optional<ExitEvidence> evidence = common_.workers.reap(slot);
    if (!evidence) return;
    ScoreboardSlot& line = common_.board[slot];
    const bool by_kernel = evidence->ended.by_signal && !evidence->own_kill;
    evidence->out_of_memory = by_kernel && oom_.has_killed_since();
    if (!evidence->ended.by_signal) evidence->last_words = describe_last_request(line.request, common_.os.now());
    common_.report.take_over(line);
    const ExitStory story = explain_exit(*evidence);
    common_.report.on_exit(slot, story);
    inbox.put(WorkerEnded{slot, pid, generation, evidence->ended, story});
    inbox.put(FleetEvent::worker_exited(slot, to_event_status(evidence->ended, story), story.sentence, evidence->last_words));
    inbox.put(CloseUnused());
    inbox.put(ReapAdopted());  // one that ended meanwhile may have been hidden behind ours
}

void Crew::tell_drain(const Action& action) {
    const Standing& standing = common_.standing;
    const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(action.patience - kDrainMargin);
    const bool leaves_lane = common_.generations.has_lanes() && is_alone_in_lane(common_.workers.all(), action.slot);
    // Somebody else serves the queue: those whose binary we go back to, or another master.
    const bool goes_back = !standing.place_failure.empty();
    const bool shared = goes_back || standing.predecessor_listens || (standing.retiring && !standing.left_some);
    const bool last = (common_.fleet.is_stopping() || leaves_lane) && !shared;
    common_.workers.tell(action.slot, Message(MessageKind::drain, patience.count(), last ? kDrainLast : ""));
}

void Crew::reopen_logs(const AskReopenLogs& asked, Inbox& inbox) {
    const auto reopened = common_.generations.reopen_logs();
    const int own = common_.generations.committed().files.logs.error_fd();
    if (own >= 0) {
        if (auto copy = duplicate(own)) use_log_descriptor(std::move(*copy));
    }
    hand_out_logs();
    inbox.put(LogsReopened());
    if (reopened) log_info("Logs are opened anew");  // the first line of a new file
    if (asked.id == 0) return;  // a signal; what went wrong has been logged
    const AnswerKind kind = reopened ? AnswerKind::done : AnswerKind::failed;
    inbox.put(AnswerRequest{{asked.id, kind, reopened ? "log files are opened anew" : reopened.error().message()}});
}

void Crew::hand_out_logs() {
    for (const auto& [slot, worker] : common_.workers.all()) {
        const Generation* const generation = common_.generations.find(worker.generation);
        if (!generation) continue;
        const LogFiles::Parcel parcel = generation->files.logs.pack();
        common_.workers.tell(slot, parcel.message, parcel.descriptors);
    }
}

}  // namespace girin
