#include "supervisor/health/workers_health.hpp"

#include <algorithm>
#include <utility>

#include "girin/log.hpp"
#include "supervisor/health/health_report.hpp"
#include "supervisor/health/stack_trace.hpp"

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
InquiryOutcome examine_blocking(pid_t pid, pid_t thread) {
    const auto stacks = trace_stacks_blocking(pid, thread);
    return stacks ? InquiryOutcome::pass(to_text(*stacks)) : InquiryOutcome::fail(stacks.error().message());
}

std::string describe_outcome(const InquiryOutcome& outcome) {
    return outcome.passed ? outcome.text : "no stack: " + outcome.text;
}

}  // namespace

Result<void> WorkersHealth::begin(Inbox&) {
    use(common_.settings());
    return {};
}

std::optional<TimePoint> WorkersHealth::next_deadline() const {
    std::optional<TimePoint> next = next_look_;
    for (const auto& [slot, examination] : examinations_) {
        if (!next || examination.deadline < *next) next = examination.deadline;
    }
    return next;
}

void WorkersHealth::on_wake(TimePoint now, std::optional<TimePoint> due) { judge_.on_turn(now, due, common_.os.suspended()); }

void WorkersHealth::on_time(TimePoint now, Inbox& inbox) {
    if (next_look_ && *next_look_ <= now) look_at_workers(now, inbox);
    end_late_examinations(now);
}

void WorkersHealth::carry_out(const Action& action, Inbox&) {
    if (action.kind == ActionKind::commit_reload) use(common_.settings());
}

void WorkersHealth::hear(const Order& order, Inbox&) {
    if (const auto* const crash = as<WorkerCrashes>(order)) on_crash(crash->slot);
    if (const auto* const end = as<WorkerEnded>(order)) {
        judge_.forget(end->slot);
        abandon_examination(end->slot);
    }
}

std::vector<pid_t> WorkersHealth::children() const {
    std::vector<pid_t> pids;
    for (const auto& [slot, examination] : examinations_) pids.push_back(examination.look->pid());
    return pids;
}

void WorkersHealth::use(const Settings& settings) {
    judge_.set_options(HealthOptions(settings.timeout, settings.lag_warning));
    if (judge_.interval() <= Duration::zero()) return next_look_.reset();
    // One that is due stays so: from being late for it a standstill of all is told.
    const TimePoint next = common_.os.now() + judge_.interval();
    next_look_ = std::min(next, next_look_.value_or(next));
}

void WorkersHealth::look_at_workers(TimePoint now, Inbox& inbox) {
    inbox.put(ListenAgain());
    for (const std::size_t slot : common_.workers.slots()) look_at_worker(slot, now, inbox);
    next_look_ = now + judge_.interval();
}

void WorkersHealth::look_at_worker(std::size_t slot, TimePoint now, Inbox& inbox) {
    const WorkerState state = common_.fleet.worker(slot).state;
    const bool is_judged = state == WorkerState::ready || state == WorkerState::draining;
    WorkerProcess* const worker = common_.workers.find(slot);
    if (!is_judged || !worker || !worker->ready_at || examinations_.contains(slot)) return;
    if (is_crashing(slot, now)) return;
    const ScoreboardSlot& line = common_.board[slot];
    const auto sample = [pid = worker->pid] { return sample_process(pid); };
    const Finding finding = judge_.look(slot, line, *worker->ready_at, now, sample);
    if (finding.kind == Finding::Kind::hangs) return on_finding(slot, finding, inbox);
    const auto sample_thread = [pid = worker->pid](pid_t thread) { return sample_process(pid, thread); };
    const Finding in_pool = judge_.look_at_pool(slot, line, *worker->ready_at, now, sample_thread);
    worker->lagging = judge_.is_lagging(slot);
    common_.report.on_lag(slot, worker->lagging);
    on_finding(slot, finding, inbox);
    on_finding(slot, in_pool, inbox);
}

/// The request, or the jobs, that it is about.
std::string WorkersHealth::describe_work(std::size_t slot, const Finding& finding) const {
    const ScoreboardSlot& line = common_.board[slot];
    return finding.job ? describe_pool(line.pool, finding, common_.os.now()) : describe_request(line.request, common_.os.now());
}

void WorkersHealth::on_finding(std::size_t slot, const Finding& finding, Inbox& inbox) {
    const pid_t pid = common_.workers.find(slot)->pid;
    switch (finding.kind) {
        case Finding::Kind::nothing: return;
        case Finding::Kind::lags:
            return log_warning(name_of(slot, pid) + "lags: " + describe(finding, read_cpu_pressure()) +
                               describe_work(slot, finding));
        case Finding::Kind::recovered:
            return log_info(name_of(slot, pid) + "goes on, after " + to_text(finding.silent) + " at least");
        case Finding::Kind::hangs: return on_hang(slot, finding, inbox);
    }
}

void WorkersHealth::on_hang(std::size_t slot, const Finding& finding, Inbox& inbox) {
    const std::string reason = describe(finding) + describe_work(slot, finding);
    const pid_t thread = finding.job ? finding.thread : common_.workers.find(slot)->pid;
    const auto begun = examine(slot, thread, Examination::of_hang(finding, reason));
    if (!begun) inbox.put(FleetEvent::worker_silent(slot, reason, "no stack: " + begun.error().message()));
}

/// Its handler waits until it is told that everything has been seen. A process crashes once: what says so again isn't
/// looked at.
void WorkersHealth::on_crash(std::size_t slot) {
    WorkerProcess* const found = common_.workers.find(slot);
    if (!found) return;
    WorkerProcess& worker = *found;
    CrashNote& crash = common_.board[slot].crash;
    if (std::exchange(worker.crash_told, true)) return crash.told.store(1, std::memory_order_release);
    if (!worker.crashing_since) worker.crashing_since = common_.os.now();
    abandon_examination(slot);
    const pid_t thread = crash.tid.load(std::memory_order_relaxed);
    worker.last_words = describe(crash) + describe_request_of(common_.board[slot], worker.pid, thread, common_.os.now());
    const auto begun = examine(slot, thread, Examination::of_crash(worker.last_words));
    if (begun) return;
    worker.last_words += "; no stack: " + begun.error().message();
    crash.told.store(1, std::memory_order_release);
}

/// Whether there is nothing to judge because it ends anyway. Its line is its own to write, and what says that it crashes
/// may not; then the note is taken back. A core that is being written takes its time.
bool WorkersHealth::is_crashing(std::size_t slot, TimePoint now) {
    WorkerProcess& worker = *common_.workers.find(slot);
    CrashNote& crash = common_.board[slot].crash;
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

Result<void> WorkersHealth::examine(std::size_t slot, pid_t thread, Examination examination) {
    const pid_t pid = common_.workers.find(slot)->pid;
    const auto leave = [this] { common_.leave_master(Kept()); };
    auto look = Inquiry::start(common_.os, "looking at it", leave, [=] { return examine_blocking(pid, thread); });
    if (!look) return look.error();
    const ReadySource source(SourceKind::examination_end, static_cast<std::uint32_t>(slot));
    if (auto watched = common_.wait.add(look->pidfd(), source); !watched) {
        look->give_up(common_.os, "");
        return watched.error();
    }
    examination.look = std::move(*look);
    examination.deadline = common_.os.now() + kExaminationLimit;
    examinations_.emplace(slot, std::move(examination));
    return {};
}

bool WorkersHealth::on_ready(ReadySource source, Inbox& inbox) {
    const std::size_t slot = source.id;
    const auto found = examinations_.find(slot);
    if (found == examinations_.end()) return false;
    const auto outcome = found->second.look->poll_outcome(common_.os);
    if (!outcome) return false;
    common_.wait.remove(found->second.look->pidfd());
    const std::optional<Finding> hang = std::move(found->second.hang);
    const std::string reason = std::move(found->second.reason);
    examinations_.erase(found);  // before anything is decided: a worker that is started then would inherit its descriptors
    WorkerProcess* const worker = common_.workers.find(slot);
    if (!worker) return false;
    common_.board[slot].crash.told.store(1, std::memory_order_release);
    if (hang) on_hang_examined(slot, *hang, reason, describe_outcome(*outcome), inbox);
    if (!hang) worker->last_words = reason + "; " + describe_outcome(*outcome);
    return false;
}

void WorkersHealth::on_hang_examined(std::size_t slot, const Finding& hang, const std::string& reason,
                                     const std::string& details, Inbox& inbox) {
    const WorkerProcess& worker = *common_.workers.find(slot);
    if (judge_.is_still_silent(slot, common_.board[slot], *worker.ready_at, hang)) {
        return inbox.put(FleetEvent::worker_silent(slot, reason, details));
    }
    common_.board[slot].crash.told.store(0, std::memory_order_relaxed);
    log_warning(name_of(slot, worker.pid) + "hung, and goes on: " + reason + "; " + details);
}

void WorkersHealth::end_late_examinations(TimePoint now) {
    for (auto& [slot, examination] : examinations_) {
        if (examination.deadline > now) continue;
        examination.look->give_up(common_.os, "looking at it took longer than " + to_text(kExaminationLimit));
        examination.deadline = now + kExaminationLimit;
    }
}

/// One that nobody waits for any more is ended; it is reaped like an adopted child.
void WorkersHealth::abandon_examination(std::size_t slot) {
    const auto found = examinations_.find(slot);
    if (found == examinations_.end()) return;
    found->second.look->give_up(common_.os, "");
    common_.wait.remove(found->second.look->pidfd());
    examinations_.erase(found);
}

}  // namespace girin
