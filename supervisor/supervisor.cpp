#include "supervisor/supervisor.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "girin/base/check.hpp"
#include "girin/log.hpp"
#include "loop/base/log_output.hpp"
#include "supervisor/sockets/lanes.hpp"
#include "worker/process/scoreboard.hpp"

namespace girin {
namespace {

ExitCode to_boot_exit_code(std::int64_t told) {
    const auto not_loaded = static_cast<std::int64_t>(ExitCode::application_not_loaded);
    return told == not_loaded ? ExitCode::application_not_loaded : ExitCode::worker_boot_failed;
}

ExitedWorker to_exited_worker(std::size_t slot, pid_t pid, const ChildExit& ended, const ExitStory& story) {
    ExitedWorker worker;
    worker.pid = pid;
    worker.slot = slot;
    worker.cause = story.sentence;
    (ended.by_signal ? worker.signal : worker.exit_code) = ended.value;
    return worker;
}

}  // namespace

void log_listening(const ListenerSet& listeners) {
    for (const Listener& listener : listeners.listeners()) {
        const std::string scheme = listener.is_unix() ? "" : "http://";
        log_info("Listening at: " + scheme + listener.text() + " (" + std::to_string(::getpid()) + ")");
    }
}

std::string listener_lines(const ListenerSet& listeners) {
    std::string lines;
    for (const Listener& listener : listeners.listeners()) lines.append(listener.text()).append("\n");
    return lines;
}

Supervisor::Supervisor(Os& os, SupervisorSetup setup, Generations generations)
    : os_(os),
      setup_(std::move(setup)),
      generations_(std::move(generations)),
      fleet_(fleet_options(generations_.committed().settings)),
      workers_(os_, wait_),
      judge_(HealthOptions()),
      monitor_(os_, wait_, setup_.monitor ? [this] { return fork_monitor(); } : MonitorProcess::Spawn()),
      elders_(os_, wait_),
      hooks_(os_, wait_, std::move(setup_.callbacks)) {}

SupervisorEnd Supervisor::run() {
    if (auto prepared = prepare(); !prepared) {
        log_critical(prepared.error().message());
        return {ExitCode::failure, prepared.error().message()};
    }
    log_listening(generations_.committed().listeners);
    watch_health(generations_.committed().settings);
    begin_surveys();
    have_listeners_kept();
    report_.set_listeners(listener_lines(generations_.committed().listeners));
    report_.set_serves_programs(!generations_.committed().settings.exec.empty());
    report_.publish(fleet_);
    if (!setup_.monitor_waits) monitor_.start();
    decide(FleetEvent::start(generations_.committed().settings.workers));
    while (!end_) turn();
    if (!place_failure_.empty()) end_ = SupervisorEnd(ExitCode::worker_boot_failed, place_failure_);
    tell_manager();
    if (!goes_back()) wait_for_elders();
    end_listeners();
    hooks_.finish_blocking();
    [[maybe_unused]] const auto late = signals_.read_pending();  // else they would end us once they are unblocked
    end_monitor();
    return *end_;
}

Result<void> Supervisor::prepare() {
    auto board = Scoreboard::create(fleet_.slots());
    if (!board) return board.error();
    board_ = std::move(*board);
    if (!board_.can_be_locked()) log_warning("The kernel refuses memfd_create: workers could write each other's scoreboard lines");
    const std::string& name = generations_.committed().settings.name;
    if (auto prepared = report_.prepare(fleet_.slots(), name, os_.now()); !prepared) return prepared.error();
    auto wait = EventWait::open();
    if (!wait) return wait.error();
    wait_ = std::move(*wait);
    auto signals = SignalReader::open();
    if (!signals) return signals.error();
    signals_ = std::move(*signals);
    if (in_place()) begin_in_place();
    if (on_trial() && !in_place()) {
        const ReadySource source(SourceKind::predecessor, 0);
        if (auto watched = wait_.add(setup_.predecessor->channel(), source); !watched) return watched.error();
    }
    return wait_.add(signals_.fd(), ReadySource(SourceKind::signals, 0));
}

void Supervisor::turn() {
    tell_manager();
    const std::optional<TimePoint> due = next_deadline();
    std::vector<ReadySource> ready = wait_.wait(os_, due);
    const TimePoint now = os_.now();
    judge_.on_turn(now, due, os_.suspended());
    monitor_.on_turn(now, due);
    std::ranges::sort(ready, {}, &ReadySource::kind);  // signals first, then who has ended
    for (const ReadySource source : ready) {
        if (!end_) on_ready(source);
    }
    if (!end_) on_deadlines(now);
    if (!end_) look_after_upgrade(now);
    if (!end_) steer();
    if (!end_) tell_outcomes();
}

std::optional<TimePoint> Supervisor::next_deadline() const {
    std::optional<TimePoint> next = fleet_.next_deadline();
    const auto consider = [&next](const std::optional<TimePoint>& time) {
        if (time && (!next || *time < *next)) next = time;
    };
    consider(next_look_);
    consider(next_survey_);
    consider(file_.deadline());
    consider(workers_.next_deadline());
    consider(monitor_.next_deadline());
    consider(hooks_.next_deadline());
    for (const auto& [slot, examination] : examinations_) consider(examination.deadline);
    consider(upgrade_.deadline());
    consider(place_deadline());
    consider(elders_.deadline());
    if (setup_.service) consider(setup_.service->next_deadline());
    return next;
}

void Supervisor::on_ready(ReadySource source) {
    switch (source.kind) {
        case SourceKind::signals: return on_signals();
        case SourceKind::worker_end: return on_worker_end(source.id);
        case SourceKind::worker_channel: return on_worker_channel(source.id);
        case SourceKind::check_end: return on_check_end(source.id);
        case SourceKind::successor_line: return on_successor_line();
        case SourceKind::successor_end: return on_successor_end();
        case SourceKind::predecessor: return on_predecessor();
        case SourceKind::examination_end: return on_examination_end(source.id);
        case SourceKind::file_change: return file_.read_pending(os_.now());
        case SourceKind::monitor: return on_monitor();
        case SourceKind::elder: return elders_.on_ready(source.id);
        case SourceKind::hook_end: return hooks_.on_end(source.id);
    }
}

void Supervisor::on_signals() {
    for (const ReceivedSignal& signal : signals_.read_pending()) {
        if (!end_) on_signal(signal);
    }
}

void Supervisor::on_signal(const ReceivedSignal& signal) {
    if (signal.row->meaning == SignalMeaning::child_ended) return reap_adopted_children();
    if (signal.row->meaning == SignalMeaning::pause_workers && signal.by_kernel) return;  // a window has a new size
    if (signal.row->meaning == SignalMeaning::reload && signal.by_kernel) {
        return log_info("Received SIGHUP from the kernel: the terminal or the shell that started us is gone; nothing changes");
    }
    const std::string ignored = why_ignored(signal.row->meaning);
    report_.say(LogLevel::info, received_text(signal, ignored.empty() ? signal.row->action : ignored));
    if (!ignored.empty()) return;
    if (setup_.service && signal.row->meaning == SignalMeaning::reload) setup_.service->on_reload_asked();
    switch (signal.row->meaning) {
        case SignalMeaning::stop_gracefully: return stop_gracefully();
        case SignalMeaning::stop_quickly: return stop_quickly(signal.row->signo);
        case SignalMeaning::reload: return reload();
        case SignalMeaning::upgrade: return request_upgrade();
        case SignalMeaning::pause_workers: return decide(FleetEvent::pause());
        case SignalMeaning::one_worker_more: return scale_by_operator(1);
        case SignalMeaning::one_worker_less: return scale_by_operator(-1);
        case SignalMeaning::reopen_logs: return static_cast<void>(reopen_logs());  // it has logged
        case SignalMeaning::child_ended: return;
    }
}

/// Once we stop: nothing but a quick stop and rotated logs is of use then. Empty: it is carried out.
std::string Supervisor::why_ignored(SignalMeaning meaning) const {
    switch (meaning) {
        case SignalMeaning::stop_gracefully: return stop_asked_ ? "stops already; QUIT or INT stops at once" : "";
        case SignalMeaning::reload:
        case SignalMeaning::upgrade:
        case SignalMeaning::pause_workers:
        case SignalMeaning::one_worker_more:
        case SignalMeaning::one_worker_less: break;
        default: return "";
    }
    if (!fleet_.is_stopping()) return "";
    if (retiring_) return "ignored, the new master serves";
    return !place_failure_.empty() ? "ignored, the former binary goes on" : "ignored, the server stops";
}

/// First nobody new is taken, so that the workers' last look into the queue can have an end.
void Supervisor::stop_gracefully() {
    if (std::exchange(stop_asked_, true)) return;
    upgrade(UpgradeEvent::stop, "the server stops");
    // What we share with another master goes on being listened to.
    if ((!on_trial() || in_place()) && !retiring_ && place_failure_.empty()) {
        if (auto refused = generations_.refuse_new(); !refused) log_warning(refused.error().message());
    }
    elders_.answer(AnswerKind::failed, "the server stops");
    if (in_place()) elders_.drain(generations_.committed().settings.graceful_timeout, true);
    decide(FleetEvent::stop_graceful());
}

void Supervisor::on_worker_channel(std::size_t slot) {
    for (const Message& message : workers_.read_messages(slot)) {
        if (!end_) on_message(slot, message);
    }
}

void Supervisor::on_message(std::size_t slot, const Message& message) {
    WorkerProcess* const worker = workers_.find(slot);
    if (!worker) return;
    switch (message.kind) {
        case MessageKind::ready:
            if (!worker->ready_at) worker->ready_at = os_.now();
            decide(FleetEvent::worker_ready(slot));
            return replace_deaf(slot);
        case MessageKind::boot_failed:
            return decide(FleetEvent::worker_boot_failed(slot, message.text, to_boot_exit_code(message.value)));
        case MessageKind::recycle: return decide(FleetEvent::worker_asks_recycle(slot, message.text));
        case MessageKind::draining:
            worker->accepting = false;
            return close_listeners_when_unused();
        case MessageKind::listeners_closed:
            worker->has_listeners = false;
            return close_listeners_when_unused();
        case MessageKind::crashed: return on_crash(slot);
        case MessageKind::leaving: return decide(FleetEvent::worker_leaves(slot));
        default: return;  // what only a master says
    }
}

void Supervisor::on_worker_end(std::size_t slot) {
    on_worker_channel(slot);  // its last words come before its end
    const WorkerProcess* const worker = workers_.find(slot);
    const pid_t pid = worker ? worker->pid : 0;
    const std::uint32_t generation = worker ? worker->generation : 0;
    std::optional<ExitEvidence> evidence = workers_.reap(slot);
    if (!evidence || end_) return;
    const bool by_kernel = evidence->ended.by_signal && !evidence->own_kill;
    evidence->out_of_memory = by_kernel && oom_.has_killed_since();
    if (!evidence->ended.by_signal) evidence->last_words = describe_last_request(slot);
    report_.take_over(board_[slot]);
    judge_.forget(slot);
    abandon_examination(slot);
    const ExitStory story = explain_exit(*evidence);
    const bool by_fault = story.kind == ExitKind::crashed || story.kind == ExitKind::out_of_memory;
    const int of_signal = by_fault ? FleetEvent::kSignalled : FleetEvent::kKilled;
    const int status = evidence->ended.by_signal ? of_signal : evidence->ended.value;
    report_.on_exit(slot, story);
    desk_.on_worker_exited(slot, pid, story.sentence);
    tell_hooks_of_exit(to_exited_worker(slot, pid, evidence->ended, story), generation);
    decide(FleetEvent::worker_exited(slot, status, story.sentence, evidence->last_words));
    close_listeners_when_unused();
    reap_adopted_children();  // one that ended meanwhile may have been hidden behind ours
}

void Supervisor::on_deadlines(TimePoint now) {
    if (next_look_ && *next_look_ <= now) look_at_workers(now);
    end_late_examinations(now);
    if (!end_ && next_survey_ && *next_survey_ <= now) survey(now);
    if (!end_ && file_.take_change(now)) on_file_change();
    workers_.on_deadline(now);
    monitor_.on_deadline(now);
    hooks_.on_deadline(now);
    const auto decision = fleet_.next_deadline();
    if (!end_ && decision && *decision <= now) decide(FleetEvent::tick());
}

void Supervisor::reap_adopted_children() {
    std::vector<pid_t> own = workers_.pids();
    if (check_) own.push_back(check_->pid());
    if (successor_) own.push_back(successor_->pid());
    for (const auto& [slot, examination] : examinations_) own.push_back(examination.look->pid());
    if (monitor_.is_running()) own.push_back(monitor_.pid());
    for (const pid_t pid : elders_.pids()) own.push_back(pid);
    for (const pid_t hook : hooks_.pids()) own.push_back(hook);
    while (const auto pid = os_.reap_adopted(own)) log_debug("Reaped an adopted child", {{"child", *pid}});
}

Result<void> Supervisor::reopen_logs() {
    auto reopened = generations_.reopen_logs();
    const int own = generations_.committed().files.logs.error_fd();
    if (own >= 0) {
        if (auto copy = duplicate(own)) use_log_descriptor(std::move(*copy));
    }
    hand_out_logs();
    if (reopened) log_info("Logs are opened anew");  // the first line of a new file
    return reopened;
}

void Supervisor::hand_out_logs() {
    for (const auto& [slot, worker] : workers_.all()) {
        const Generation* const generation = generations_.find(worker.generation);
        if (!generation) continue;
        const LogFiles::Parcel parcel = generation->files.logs.pack();
        workers_.tell(slot, parcel.message, parcel.descriptors);
    }
    const LogFiles::Parcel own = generations_.committed().files.logs.pack(LogFiles::Which::error_only);
    monitor_.tell(own.message, own.descriptors);
}

/// Once a stopping server accepts nothing more, newcomers are better refused than left waiting for a reset.
void Supervisor::close_listeners_when_unused() {
    if (!fleet_.is_stopping()) return;
    // A program may take what is queued for as long as it likes, and doesn't say when it is done.
    const bool programs = generations_.serves_programs();
    const auto uses = [programs](const auto& entry) { return programs ? entry.second.accepting : entry.second.has_listeners; };
    if (std::ranges::any_of(workers_.all(), uses)) return;
    return programs ? generations_.close_listeners() : end_listeners();
}

/// The last of a server: a process that a handler has forked would keep the address, and a queue that nobody serves.
void Supervisor::end_listeners() {
    if (!others_go_on()) generations_.shut_down_listeners();
    generations_.close_listeners();
}

/// With our sockets: another master, the binary that we go back to, its workers, or who is started next by a manager that
/// keeps them.
bool Supervisor::others_go_on() const {
    const bool may_fail_trial = on_trial() && (!in_place() || setup_.has_way_back);
    const bool are_kept = setup_.service && setup_.service->keeps_some();
    return retiring_ || successor_ || may_fail_trial || !elders_.empty() || are_kept;
}

/// A new Unix socket in the place of one that was shut down isn't in the workers that run: they are replaced, one after
/// another. Not while others have copies that nobody could tell of it: another master, or a candidate's workers.
void Supervisor::listen_again() {
    if (fleet_.is_stopping()) return;
    const bool may_replace = !on_trial() && !successor_ && !generations_.has_candidate();
    const bool some_are_new = generations_.listen_again(may_replace);
    report_.set_deaf(generations_.committed().listeners.deaf());
    if (!some_are_new) return;
    have_listeners_kept();
    for (const std::size_t slot : workers_.slots()) {
        workers_.find(slot)->has_old_sockets = true;
        replace_deaf(slot);
    }
}

/// Those that aren't ready yet are once they are.
void Supervisor::replace_deaf(std::size_t slot) {
    const WorkerProcess* const worker = workers_.find(slot);
    if (!worker || !worker->has_old_sockets) return;
    decide(FleetEvent::worker_asks_recycle(slot, "a listening socket was shut down for all"));
}

void Supervisor::steer() {
    if (!generations_.has_lanes() || fleet_.is_stopping() || on_trial()) return;
    std::vector<bool> served = served_lanes(workers_.all(), generations_.lanes());
    if (served == served_) return;
    served_ = std::move(served);
    if (auto steered = generations_.steer(served_); !steered) log_warning(steered.error().message());
}

FleetOptions to_fleet_options(const Settings& settings) {
    FleetOptions options;
    options.max_workers = std::max<std::size_t>(options.max_workers, 2 * std::max(settings.workers, settings.workers_most));
    options.surge = std::max<std::size_t>(settings.surge, 1);
    options.boot_timeout = settings.boot_timeout;
    options.soak = settings.soak;
    options.roll_back_window = settings.roll_back_window;
    options.outlives_first_failure = settings.reload_on_change;
    options.graceful_timeout = settings.graceful_timeout + kDrainMargin;
    options.leaving_limit = kLeavingLimit;
    options.abort_grace = kAbortGrace;
    options.seed = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
    return options;
}

}  // namespace girin
