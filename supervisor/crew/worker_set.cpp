#include "supervisor/crew/worker_set.hpp"

#include <signal.h>

#include <algorithm>
#include <cerrno>

#include "girin/log.hpp"

namespace girin {

Result<WorkerProcess*> WorkerSet::add(std::size_t slot, SpawnedWorker spawned) {
    WorkerProcess& worker = workers_[slot];
    worker = WorkerProcess();
    worker.pid = spawned.child.pid;
    worker.pidfd = std::move(spawned.child.pidfd);
    worker.channel = std::move(spawned.channel);
    worker.spawned_at = os_.now();
    const auto id = static_cast<std::uint32_t>(slot);
    auto watched = wait_.add(worker.pidfd.get(), ReadySource(SourceKind::worker_end, id));
    if (watched) watched = wait_.add(worker.channel.get(), ReadySource(SourceKind::worker_channel, id));
    if (watched) return &worker;
    [[maybe_unused]] const auto killed = os_.signal_child(worker.pidfd.get(), SIGKILL);
    wait_.remove(worker.pidfd.get());
    workers_.erase(slot);  // unwatched, it is reaped like an adopted child
    return watched.error();
}

WorkerProcess* WorkerSet::find(std::size_t slot) {
    const auto worker = workers_.find(slot);
    return worker == workers_.end() ? nullptr : &worker->second;
}

std::vector<std::size_t> WorkerSet::slots() const {
    std::vector<std::size_t> slots;
    for (const auto& [slot, worker] : workers_) slots.push_back(slot);
    return slots;
}

std::vector<pid_t> WorkerSet::pids() const {
    std::vector<pid_t> pids;
    for (const auto& [slot, worker] : workers_) pids.push_back(worker.pid);
    return pids;
}

std::vector<Message> WorkerSet::read_messages(std::size_t slot) {
    std::vector<Message> messages;
    WorkerProcess* const worker = find(slot);
    if (!worker || !worker->channel) return messages;
    constexpr std::size_t kAtOnce = 64;  // a worker that never stops talking doesn't keep the master
    while (messages.size() < kAtOnce) {
        Message message;
        const Received received = receive_message(worker->channel.get(), message);
        if (received == Received::closed) stop_listening_to(*worker);
        if (received != Received::message) break;
        messages.push_back(std::move(message));
    }
    return messages;
}

void WorkerSet::tell(std::size_t slot, const Message& message, std::span<const int> descriptors) {
    WorkerProcess* const worker = find(slot);
    if (!worker) return;
    if (message.kind == MessageKind::drain || message.kind == MessageKind::quit) worker->asked_to_stop = true;
    if (!worker->channel) return;
    const bool had_read = worker->outbox.empty();
    const auto sent = worker->outbox.send(worker->channel.get(), message, descriptors, os_.now());
    const std::string who = "Worker " + std::to_string(slot) + " (pid " + std::to_string(worker->pid) + ") ";
    const bool is_lost = !sent && sent.error().errno_value() != EPIPE && sent.error().errno_value() != ECONNRESET;
    if (is_lost) log_warning(who + "can't be told: " + sent.error().message());
    if (had_read && !worker->outbox.empty()) log_warning(who + "doesn't read what it is told; it is told again until it does");
}

std::optional<TimePoint> WorkerSet::next_deadline() const {
    std::optional<TimePoint> next;
    for (const auto& [slot, worker] : workers_) {
        const auto due = worker.outbox.next_deadline();
        if (due && (!next || *due < *next)) next = due;
    }
    return next;
}

/// Whoever is gone meanwhile is told of when it is reaped.
void WorkerSet::on_deadline(TimePoint now) {
    for (auto& [slot, worker] : workers_) {
        if (worker.channel) [[maybe_unused]] const auto gone = worker.outbox.on_deadline(worker.channel.get(), now);
    }
}

void WorkerSet::tell_all(const Message& message) {
    for (const auto& [slot, worker] : workers_) tell(slot, message);
}

void WorkerSet::send_signal(std::size_t slot, int signo, std::string why) {
    WorkerProcess* const worker = find(slot);
    if (!worker) return;
    worker->own_kill = OwnKill(signo, std::move(why));
    [[maybe_unused]] const auto sent = os_.signal_child(worker->pidfd.get(), signo);
}

std::optional<ExitEvidence> WorkerSet::reap(std::size_t slot) {
    WorkerProcess* const worker = find(slot);
    if (!worker) return std::nullopt;
    const auto ended = os_.reap_child(worker->pidfd.get());
    if (!ended || !*ended) return std::nullopt;
    ExitEvidence evidence;
    evidence.ended = **ended;
    evidence.own_kill = worker->own_kill;
    evidence.asked_to_stop = worker->asked_to_stop;
    evidence.last_words = std::move(worker->last_words);
    stop_listening_to(*worker);
    wait_.remove(worker->pidfd.get());
    workers_.erase(slot);
    return evidence;
}

void WorkerSet::stop_listening_to(WorkerProcess& worker) {
    wait_.remove(worker.channel.get());
    worker.channel.reset();
    worker.outbox.clear();
}

}  // namespace girin
