#include "supervisor/zygote/zygote_set.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <utility>

#include "girin/log.hpp"
#include "supervisor/process/exit_cause.hpp"

namespace girin {

void ZygoteSet::spawn(std::size_t slot, std::uint32_t generation) {
    carry_out(zygotes_.spawn(slot, generation, os_.now()));
}

void ZygoteSet::call_off(std::size_t slot) { carry_out(zygotes_.call_off(slot, os_.now())); }

void ZygoteSet::drop(std::uint32_t generation) { carry_out(zygotes_.drop(generation)); }

void ZygoteSet::drop_all() { carry_out(zygotes_.drop_all()); }

void ZygoteSet::on_deadline(TimePoint now) { carry_out(zygotes_.on_deadline(now)); }

bool ZygoteSet::on_channel(std::uint32_t id) {
    const auto found = processes_.find(id);
    if (found == processes_.end() || !found->second.channel) return false;
    ZygoteReport report;
    switch (receive_report(found->second.channel.get(), report)) {
        case ReceivedReport::nothing_yet: return false;
        case ReceivedReport::closed: stop_listening_to(found->second); return false;  // its end is told next
        case ReceivedReport::broken: carry_out(zygotes_.on_broken(id, os_.now())); return false;
        case ReceivedReport::report: break;
    }
    const bool ours = report.says == ZygoteSays::forked && is_ours(static_cast<pid_t>(report.value));
    carry_out(zygotes_.on_report(id, report, ours, os_.now()));
    return true;
}

/// Its last words come before its end.
void ZygoteSet::on_end(std::uint32_t id) {
    while (on_channel(id)) {}  // bounded: it is gone, and its queue is
    const auto found = processes_.find(id);
    if (found == processes_.end()) return;
    const auto ended = os_.reap_child(found->second.pidfd.get());
    if (!ended || !*ended) return;
    const bool ended_by_us = found->second.ended_by_us;
    stop_listening_to(found->second);
    wait_.remove(found->second.pidfd.get());
    processes_.erase(found);
    if (ended_by_us) return;
    ExitEvidence evidence;
    evidence.ended = **ended;
    evidence.out_of_memory = evidence.ended.by_signal && host_.was_out_of_memory();
    carry_out(zygotes_.on_ended(id, explain_exit(evidence).sentence, os_.now()));
}

/// What follows from one is carried out after all before it.
void ZygoteSet::carry_out(Zygotes::Actions actions) {
    for (ZygoteAction& action : actions) actions_.push_back(std::move(action));
    if (std::exchange(carrying_out_, true)) return;
    while (!actions_.empty()) {
        const ZygoteAction next = std::move(actions_.front());
        actions_.pop_front();
        carry_out(next);
    }
    carrying_out_ = false;
}

void ZygoteSet::carry_out(const ZygoteAction& action) {
    switch (action.kind) {
        case ZygoteAction::Kind::start: return start(action);
        case ZygoteAction::Kind::order: return order(action);
        case ZygoteAction::Kind::take: return take(action);
        case ZygoteAction::Kind::discard: return discard(action.pid);
        case ZygoteAction::Kind::end: return end(action.id);
        case ZygoteAction::Kind::log: return host_.say(action.level, action.text);
        case ZygoteAction::Kind::fail:
            ordered_.erase(action.slot);  // its channel ends, and with it who may still come
            return host_.on_not_forked(action.slot, action.text, action.code);
    }
}

void ZygoteSet::start(const ZygoteAction& action) {
    auto spawned = host_.start_zygote(action.generation);
    if (!spawned) return carry_out(zygotes_.on_impossible(action.id, spawned.error().message(), os_.now()));
    Process process;
    process.pid = spawned->child.pid;
    process.pidfd = std::move(spawned->child.pidfd);
    process.channel = std::move(spawned->channel);
    auto watched = wait_.add(process.pidfd.get(), ReadySource(SourceKind::zygote_end, action.id));
    if (watched) watched = wait_.add(process.channel.get(), ReadySource(SourceKind::zygote_channel, action.id));
    if (!watched) {  // unwatched, it is reaped like an adopted child
        [[maybe_unused]] const auto killed = os_.signal_child(process.pidfd.get(), SIGKILL);
        wait_.remove(process.pidfd.get());
        return carry_out(zygotes_.on_impossible(action.id, watched.error().message(), os_.now()));
    }
    host_.say(LogLevel::info, "The zygote of generation " + std::to_string(action.generation) + " (pid " +
                                  std::to_string(process.pid) + ") starts");
    zygotes_.on_started(action.id, process.pid);
    processes_.emplace(action.id, std::move(process));
}

void ZygoteSet::order(const ZygoteAction& action) {
    const auto found = processes_.find(action.id);
    if (found == processes_.end()) return;  // its end is told next
    auto prepared = host_.prepare_worker(action.slot, action.generation);
    if (!prepared) return carry_out(zygotes_.on_impossible(action.id, prepared.error().message(), os_.now()));
    prepared->order.number = action.number;
    prepared->order.channel_fd = prepared->their_end.get();
    const auto sent = send_order(found->second.channel.get(), prepared->order);
    if (!sent) return carry_out(zygotes_.on_impossible(action.id, sent.error().message(), os_.now()));
    prepared->their_end.reset();
    ordered_.insert_or_assign(action.slot, std::move(*prepared));
}

void ZygoteSet::take(const ZygoteAction& action) {
    auto node = ordered_.extract(action.slot);
    if (node.empty()) return;  // can't be: a spawn is answered once
    WorkerOrder& order = node.mapped();
    auto handle = os_.watch_child(action.pid);
    if (!handle) return host_.on_not_forked(action.slot, handle.error().message(), ExitCode::failure);  // its channel ends
    send_go(order.our_end.get());  // or it has ended, which is told next
    SpawnedWorker worker(ForkedChild(action.pid, std::move(*handle)), std::move(order.our_end));
    host_.on_forked(action.slot, action.generation, std::move(worker), order);
}

/// Not reaped yet, so the number is no other's.
void ZygoteSet::discard(pid_t pid) { ::kill(pid, SIGKILL); }

/// It has nothing to wind up.
void ZygoteSet::end(std::uint32_t id) {
    const auto found = processes_.find(id);
    if (found == processes_.end()) return;
    found->second.ended_by_us = true;
    stop_listening_to(found->second);
    [[maybe_unused]] const auto sent = os_.signal_child(found->second.pidfd.get(), SIGKILL);
}

/// The kernel's word: a child, running or just ended, that nobody has reaped. And nobody's: else a zygote could name any.
bool ZygoteSet::is_ours(pid_t pid) const {
    siginfo_t info{};
    if (pid <= 0 || ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0) return false;
    if (host_.is_known_child(pid)) return false;
    for (const auto& [id, process] : processes_) {
        if (process.pid == pid) return false;
    }
    return true;
}

void ZygoteSet::stop_listening_to(Process& process) {
    wait_.remove(process.channel.get());
    process.channel.reset();
}

std::vector<pid_t> ZygoteSet::pids() const {
    std::vector<pid_t> pids;
    for (const auto& [id, process] : processes_) pids.push_back(process.pid);
    return pids;
}

void ZygoteSet::forget() {
    processes_.clear();
    ordered_.clear();
}

}  // namespace girin
