// The shell's side of the workers' health: looks at them in time, tells what the judge finds, and has one that hangs
// examined, in a child, before it is ended.

#include <algorithm>
#include <utility>

#include "girin/log.hpp"
#include "supervisor/health/health_report.hpp"
#include "supervisor/health/stack_trace.hpp"
#include "supervisor/supervisor.hpp"

namespace girin {
namespace {

/// A process in the hands of a broken file system can't even be looked at.
constexpr Duration kExaminationLimit = std::chrono::seconds(5);

/// Who crashes is looked at, and ends. One that says so and lives on for longer is judged like any other.
constexpr Duration kCrashLimit = kExaminationLimit + std::chrono::seconds(5);

std::string name_of(std::size_t slot, pid_t pid) {
    return "Worker " + std::to_string(slot) + " (pid " + std::to_string(pid) + ") ";
}

/// In the child.
CheckOutcome examine_blocking(pid_t pid, pid_t thread) {
    const auto stacks = trace_stacks_blocking(pid, thread);
    return stacks ? CheckOutcome::pass(to_text(*stacks)) : CheckOutcome::fail(stacks.error().message());
}

std::string describe_outcome(const CheckOutcome& outcome) {
    return outcome.passed ? outcome.text : "no stack: " + outcome.text;
}

}  // namespace

void Supervisor::watch_health(const Settings& settings) {
    judge_.set_options(HealthOptions(settings.timeout, settings.lag_warning));
    if (judge_.interval() <= Duration::zero()) return next_look_.reset();
    // One that is due stays so: from being late for it a standstill of all is told.
    const TimePoint next = os_.now() + judge_.interval();
    next_look_ = std::min(next, next_look_.value_or(next));
}

void Supervisor::look_at_workers(TimePoint now) {
    listen_again();
    for (const std::size_t slot : workers_.slots()) {
        if (!end_) look_at_worker(slot, now);
    }
    next_look_ = now + judge_.interval();
}

void Supervisor::look_at_worker(std::size_t slot, TimePoint now) {
    const WorkerState state = fleet_.worker(slot).state;
    const bool is_judged = state == WorkerState::ready || state == WorkerState::draining;
    WorkerProcess* const worker = workers_.find(slot);
    if (!is_judged || !worker || !worker->ready_at || examinations_.contains(slot)) return;
    if (is_crashing(slot, now)) return;
    const auto sample = [pid = worker->pid] { return sample_process(pid); };
    const Finding finding = judge_.look(slot, board_[slot], *worker->ready_at, now, sample);
    if (finding.kind == Finding::Kind::hangs) return on_finding(slot, finding);
    const auto sample_thread = [pid = worker->pid](pid_t thread) { return sample_process(pid, thread); };
    const Finding in_pool = judge_.look_at_pool(slot, board_[slot], *worker->ready_at, now, sample_thread);
    worker->lagging = judge_.is_lagging(slot);
    report_.on_lag(slot, worker->lagging);
    on_finding(slot, finding);
    on_finding(slot, in_pool);
}

/// The request, or the jobs, that it is about.
std::string Supervisor::describe_work(std::size_t slot, const Finding& finding) const {
    const ScoreboardSlot& line = board_[slot];
    return finding.job ? describe_pool(line.pool, finding, os_.now()) : describe_request(line.request, os_.now());
}

/// Of a worker that has left by itself: a handler may have called exit(). A thread beside the loop may have as well, so it
/// isn't said whose doing it was.
std::string Supervisor::describe_last_request(std::size_t slot) const {
    const std::string request = describe_request(board_[slot].request, os_.now());
    return request.empty() ? request : "its loop was in" + request.substr(1);
}

void Supervisor::on_finding(std::size_t slot, const Finding& finding) {
    const pid_t pid = workers_.find(slot)->pid;
    switch (finding.kind) {
        case Finding::Kind::nothing: return;
        case Finding::Kind::lags:
            return log_warning(name_of(slot, pid) + "lags: " + describe(finding, read_cpu_pressure()) +
                               describe_work(slot, finding));
        case Finding::Kind::recovered:
            return log_info(name_of(slot, pid) + "goes on, after " + to_text(finding.silent) + " at least");
        case Finding::Kind::hangs: return on_hang(slot, finding);
    }
}

void Supervisor::on_hang(std::size_t slot, const Finding& finding) {
    const std::string reason = describe(finding) + describe_work(slot, finding);
    const pid_t thread = finding.job ? finding.thread : workers_.find(slot)->pid;
    const auto begun = examine(slot, thread, Examination::of_hang(finding, reason));
    if (!begun) decide(FleetEvent::worker_silent(slot, reason, "no stack: " + begun.error().message()));
}

/// Its handler waits until it is told that everything has been seen. A process crashes once: what says so again isn't
/// looked at.
void Supervisor::on_crash(std::size_t slot) {
    WorkerProcess& worker = *workers_.find(slot);
    CrashNote& crash = board_[slot].crash;
    if (std::exchange(worker.crash_told, true)) return crash.told.store(1, std::memory_order_release);
    if (!worker.crashing_since) worker.crashing_since = os_.now();
    abandon_examination(slot);
    const pid_t thread = crash.tid.load(std::memory_order_relaxed);
    worker.last_words = describe(crash) + describe_request_of(board_[slot], worker.pid, thread, os_.now());
    const auto begun = examine(slot, thread, Examination::of_crash(worker.last_words));
    if (begun) return;
    worker.last_words += "; no stack: " + begun.error().message();
    crash.told.store(1, std::memory_order_release);
}

/// Whether there is nothing to judge because it ends anyway. Its line is its own to write, and what says that it crashes
/// may not; then the note is taken back. A core that is being written takes its time.
bool Supervisor::is_crashing(std::size_t slot, TimePoint now) {
    WorkerProcess& worker = *workers_.find(slot);
    CrashNote& crash = board_[slot].crash;
    const bool says_so = worker.crashing_since || crash.signo.load(std::memory_order_relaxed) != 0;
    if (!says_so || worker.outlived_crash) return false;
    if (!worker.crashing_since) worker.crashing_since = now;
    if (now - *worker.crashing_since < kCrashLimit || is_dumping_core(worker.pid)) return true;
    log_warning(name_of(slot, worker.pid) + "said " + to_text(now - *worker.crashing_since) +
                " ago that it crashes (" + describe(crash) + "), and lives on; it is supervised as before");
    crash.reset();
    worker.last_words.clear();
    worker.crashing_since.reset();
    worker.outlived_crash = true;
    return false;
}

Result<void> Supervisor::examine(std::size_t slot, pid_t thread, Examination examination) {
    const pid_t pid = workers_.find(slot)->pid;
    auto look = ReloadCheck::start(os_, [this] { forget_master(0, 0); }, [=] { return examine_blocking(pid, thread); });
    if (!look) return look.error();
    const ReadySource source(SourceKind::examination_end, static_cast<std::uint32_t>(slot));
    if (auto watched = wait_.add(look->pidfd(), source); !watched) {
        look->give_up(os_, "");
        return watched.error();
    }
    examination.look = std::move(*look);
    examination.deadline = os_.now() + kExaminationLimit;
    examinations_.emplace(slot, std::move(examination));
    return {};
}

void Supervisor::on_examination_end(std::size_t slot) {
    const auto found = examinations_.find(slot);
    if (found == examinations_.end()) return;
    const auto outcome = found->second.look->poll_outcome(os_);
    if (!outcome) return;
    wait_.remove(found->second.look->pidfd());
    const std::optional<Finding> hang = std::move(found->second.hang);
    const std::string reason = std::move(found->second.reason);
    examinations_.erase(found);  // before anything is decided: a worker that is started then would inherit its descriptors
    WorkerProcess* const worker = workers_.find(slot);
    if (!worker) return;
    board_[slot].crash.told.store(1, std::memory_order_release);
    if (hang) return on_hang_examined(slot, *hang, reason, describe_outcome(*outcome));
    worker->last_words = reason + "; " + describe_outcome(*outcome);
}

void Supervisor::on_hang_examined(std::size_t slot, const Finding& hang, const std::string& reason,
                                  const std::string& details) {
    const WorkerProcess& worker = *workers_.find(slot);
    if (judge_.is_still_silent(slot, board_[slot], *worker.ready_at, hang)) {
        return decide(FleetEvent::worker_silent(slot, reason, details));
    }
    board_[slot].crash.told.store(0, std::memory_order_relaxed);
    log_warning(name_of(slot, worker.pid) + "hung, and goes on: " + reason + "; " + details);
}

void Supervisor::end_late_examinations(TimePoint now) {
    for (auto& [slot, examination] : examinations_) {
        if (examination.deadline > now) continue;
        examination.look->give_up(os_, "looking at it took longer than " + to_text(kExaminationLimit));
        examination.deadline = now + kExaminationLimit;
    }
}

/// One that nobody waits for any more is ended; it is reaped like an adopted child.
void Supervisor::abandon_examination(std::size_t slot) {
    const auto found = examinations_.find(slot);
    if (found == examinations_.end()) return;
    found->second.look->give_up(os_, "");
    wait_.remove(found->second.look->pidfd());
    examinations_.erase(found);
}

}  // namespace girin
