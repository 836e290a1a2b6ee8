// The shell's side of the workers' health: looks at them in time, tells what the judge finds, and has one that hangs
// examined, in a child, before it is ended.

#include "loop/base/log.hpp"
#include "supervisor/health/health_report.hpp"
#include "supervisor/health/stack_trace.hpp"
#include "supervisor/supervisor.hpp"

namespace girin {
namespace {

/// A process in the hands of a broken file system can't even be looked at.
constexpr Duration kExaminationLimit = std::chrono::seconds(5);

std::string name_of(std::size_t slot, pid_t pid) {
    return "Worker " + std::to_string(slot) + " (pid " + std::to_string(pid) + ") ";
}

/// In the child.
CheckOutcome examine_blocking(pid_t pid) {
    const auto stacks = trace_stacks_blocking(pid, pid);
    return stacks ? CheckOutcome::pass(to_text(*stacks)) : CheckOutcome::fail(stacks.error().message());
}

std::string describe_outcome(const CheckOutcome& outcome) {
    return outcome.passed ? outcome.text : "no stack: " + outcome.text;
}

}  // namespace

void Supervisor::watch_health(const Settings& settings) {
    judge_.set_options(HealthOptions(settings.timeout, settings.lag_warning));
    next_look_.reset();
    if (judge_.interval() > Duration::zero()) next_look_ = os_.now() + judge_.interval();
}

void Supervisor::look_at_workers(TimePoint now) {
    std::vector<std::size_t> slots;  // what is found may end some, or add others
    for (const auto& [slot, worker] : workers_.all()) slots.push_back(slot);
    for (const std::size_t slot : slots) {
        if (!end_) look_at_worker(slot, now);
    }
    next_look_ = now + judge_.interval();
}

void Supervisor::look_at_worker(std::size_t slot, TimePoint now) {
    const WorkerState state = fleet_.worker(slot).state;
    const bool is_judged = state == WorkerState::ready || state == WorkerState::draining;
    WorkerProcess* const worker = workers_.find(slot);
    if (!is_judged || !worker || !worker->ready_at || examinations_.contains(slot)) return;
    const auto sample = [pid = worker->pid] { return sample_process(pid); };
    const Finding finding = judge_.look(slot, board_[slot], *worker->ready_at, now, sample);
    worker->lagging = judge_.is_lagging(slot);
    switch (finding.kind) {
        case Finding::Kind::nothing: return;
        case Finding::Kind::lags:
            return log_warning(name_of(slot, worker->pid) + "lags: " + describe(finding, read_cpu_pressure()));
        case Finding::Kind::recovered:
            return log_info(name_of(slot, worker->pid) + "goes on, after " + to_text(finding.silent) + " at least");
        case Finding::Kind::hangs: return on_hang(slot, finding, now);
    }
}

void Supervisor::on_hang(std::size_t slot, const Finding& finding, TimePoint now) {
    const std::string reason = describe(finding);
    const pid_t pid = workers_.find(slot)->pid;
    const auto give_up = [&](const Error& why) { decide(Event::worker_silent(slot, reason, "no stack: " + why.message())); };
    auto look = ReloadCheck::start(os_, [this] { forget_master(0, 0); }, [pid] { return examine_blocking(pid); });
    if (!look) return give_up(look.error());
    const auto id = static_cast<std::uint32_t>(slot);
    if (auto watched = wait_.add(look->pidfd(), ReadySource(SourceKind::examination_end, id)); !watched) {
        look->give_up(os_, "");
        return give_up(watched.error());
    }
    examinations_.emplace(slot, Examination(std::move(*look), now + kExaminationLimit, reason));
}

void Supervisor::on_examination_end(std::size_t slot) {
    const auto found = examinations_.find(slot);
    if (found == examinations_.end()) return;
    const auto outcome = found->second.look.poll_outcome(os_);
    if (!outcome) return;
    wait_.remove(found->second.look.pidfd());
    const std::string reason = std::move(found->second.reason);
    examinations_.erase(found);
    WorkerProcess* const worker = workers_.find(slot);
    if (!worker) return;
    const std::string details = describe_outcome(*outcome);
    if (judge_.is_still_silent(slot, board_[slot], *worker->ready_at)) {
        return decide(Event::worker_silent(slot, reason, details));
    }
    log_warning(name_of(slot, worker->pid) + "hung, and goes on: " + reason + "; " + details);
}

void Supervisor::end_late_examinations(TimePoint now) {
    for (auto& [slot, examination] : examinations_) {
        if (examination.deadline > now) continue;
        examination.look.give_up(os_, "looking at it took longer than " + to_text(kExaminationLimit));
        examination.deadline = now + kExaminationLimit;
    }
}

/// One that nobody waits for any more is ended; it is reaped like an adopted child.
void Supervisor::abandon_examination(std::size_t slot) {
    const auto found = examinations_.find(slot);
    if (found == examinations_.end()) return;
    found->second.look.give_up(os_, "");
    wait_.remove(found->second.look.pidfd());
    examinations_.erase(found);
}

}  // namespace girin
