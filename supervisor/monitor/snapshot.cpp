#include "supervisor/monitor/snapshot.hpp"

#include <algorithm>
#include <numeric>

#include "supervisor/health/process_sample.hpp"

namespace girin {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

double to_seconds(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }
std::int64_t to_ns(TimePoint time) { return std::chrono::nanoseconds(time.time_since_epoch()).count(); }

LatencyHistogram latency_of(const ScoreboardSlot& line) {
    LatencyHistogram counts;
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = line.latency[i].load(kRelaxed);
    return counts;
}

double seconds_since(std::int64_t then_ns, TimePoint now) {
    return then_ns == 0 ? 0 : std::max(0.0, to_seconds(to_ns(now) - then_ns));
}

PoolView view_pool(const PoolNote& note, TimePoint now) {
    PoolView pool;
    pool.threads = note.threads.load(kRelaxed);
    pool.busy = note.busy.load(kRelaxed);
    pool.queued = note.queued.load(kRelaxed);
    pool.oldest_queued_s = seconds_since(note.oldest_queued_ns.load(kRelaxed), now);
    for (const JobNote& job : note.jobs) {
        if (job.tid.load(kRelaxed) == 0) continue;
        pool.oldest_job_s = std::max(pool.oldest_job_s, seconds_since(job.since_ns.load(kRelaxed), now));
    }
    return pool;
}

/// Of what has lasted for less, nobody need know.
constexpr double kLeastHeld_s = 1;

void see_held(std::optional<HeldRequest>& held, const RequestNote& note, double for_s, bool in_pool) {
    if (for_s < kLeastHeld_s || (held && held->for_s >= for_s)) return;
    const auto request = note.read();
    if (!request) return;
    held.emplace();
    held->line = request->line.substr(0, request->line.find('?'));
    held->peer = request->peer;
    held->for_s = for_s;
    held->in_pool = in_pool;
}

std::optional<HeldRequest> find_held(const ScoreboardSlot& line, TimePoint now) {
    std::optional<HeldRequest> held;
    see_held(held, line.request, seconds_since(line.callback_start_ns.load(kRelaxed), now), false);
    for (const JobNote& job : line.pool.jobs) {
        if (job.tid.load(kRelaxed) == 0) continue;
        see_held(held, job.request, seconds_since(job.since_ns.load(kRelaxed), now), true);
    }
    return held;
}

}  // namespace

std::size_t Snapshot::held_up() const {
    const auto is_held_up = [](const SlotView& slot) { return slot.facts.state == WorkerState::ready && slot.facts.lagging; };
    return static_cast<std::size_t>(std::count_if(slots.begin(), slots.end(), is_held_up));
}

std::string Snapshot::state() const {
    if (master.stopping) return "stopping";
    if (!master.ever_ready) return "starting";
    if (master.degraded) return "degraded";
    return master.reloading ? "reloading" : "serving";
}

double Snapshot::uptime_s() const { return to_seconds(to_ns(now) - master.started_ns); }

std::uint64_t Snapshot::requests_in_flight() const {
    const auto plus = [](std::uint64_t sum, const SlotView& slot) { return sum + slot.requests_in_flight; };
    return std::accumulate(slots.begin(), slots.end(), std::uint64_t{0}, plus);
}

std::uint64_t Snapshot::connections() const {
    const auto plus = [](std::uint64_t sum, const SlotView& slot) { return sum + slot.connections; };
    return std::accumulate(slots.begin(), slots.end(), std::uint64_t{0}, plus);
}

void Observer::look(TimePoint now) {
    work_.resize(place_.board.size());
    latencies_.resize(place_.board.size());
    const double seconds = looked_at_ ? to_seconds((now - *looked_at_).count()) : 0;
    looked_at_ = now;
    for (std::size_t slot = 0; slot < work_.size(); ++slot) look_at(slot, now, seconds);
    const WorkTotals totals = place_.facts->totals(place_.board);
    latency_.look(totals.latency);
    const std::uint64_t requests = totals.requests;
    if (seconds > 0) requests_per_second_ = static_cast<double>(requests - std::min(requests, requests_)) / seconds;
    requests_ = requests;
    std::erase_if(memories_, [now](const auto& entry) { return now - entry.second.read_at > 10 * kMemoryAge; });
}

void Observer::look_at(std::size_t slot, TimePoint now, double seconds) {
    const ScoreboardSlot& line = place_.board[slot];
    Work& before = work_[slot];
    Work work;
    work.pid = place_.facts->slot(slot).pid;
    work.busy_ns = line.busy_ns.load(kRelaxed);
    const std::int64_t turn_began_ns = line.callback_start_ns.load(kRelaxed);
    if (turn_began_ns > 0) work.busy_ns += static_cast<std::uint64_t>(std::max<std::int64_t>(0, to_ns(now) - turn_began_ns));
    if (work.pid == before.pid) work.busy_ns = std::max(work.busy_ns, before.busy_ns);
    work.requests = line.requests.load(kRelaxed);
    const bool same = work.pid == before.pid && work.busy_ns >= before.busy_ns && work.requests >= before.requests;
    if (same && seconds > 0) {
        work.utilisation = std::min(1.0, static_cast<double>(work.busy_ns - before.busy_ns) / 1e9 / seconds);
        work.requests_per_second = static_cast<double>(work.requests - before.requests) / seconds;
    }
    if (work.pid != before.pid && seconds > 0) latencies_[slot].begin_anew();
    latencies_[slot].look(latency_of(line));
    before = work;
}

Snapshot Observer::take(TimePoint now) {
    Snapshot snapshot;
    snapshot.now = now;
    snapshot.master = place_.facts->master();
    snapshot.master_memory = memory_of(snapshot.master.pid, now);
    for (const ZygoteFacts& facts : snapshot.master.zygotes) {
        if (facts.pid == 0) break;
        ZygoteMemory& zygote = snapshot.zygotes.emplace_back();
        zygote.facts = facts;
        zygote.memory = memory_of(facts.pid, now);
    }
    snapshot.totals = place_.facts->totals(place_.board);
    snapshot.requests_per_second = requests_per_second_;
    snapshot.latency = latency_.quantiles();
    for (std::size_t slot = 0; slot < place_.board.size(); ++slot) {
        SlotView seen = view(slot, snapshot.master.serves_programs, now);
        const bool is_used = seen.facts.state != WorkerState::empty || seen.facts.exits > 0;
        if (is_used) snapshot.slots.push_back(std::move(seen));
    }
    return snapshot;
}

SlotView Observer::view(std::size_t slot, bool has_program, TimePoint now) {
    const ScoreboardSlot& line = place_.board[slot];
    SlotView seen;
    seen.slot = slot;
    seen.facts = place_.facts->slot(slot);
    seen.requests = line.requests.load(kRelaxed);
    seen.errors_5xx = line.errors_5xx.load(kRelaxed);
    seen.requests_in_flight = line.requests_in_flight.load(kRelaxed);
    seen.connections = line.connections.load(kRelaxed);
    seen.accepting = line.accepting.load(kRelaxed) != 0;
    std::int64_t lag_ns = line.lag_ns.load(kRelaxed);
    const std::int64_t turn_began_ns = line.callback_start_ns.load(kRelaxed);
    if (turn_began_ns > 0) lag_ns = std::max(lag_ns, to_ns(now) - turn_began_ns);
    seen.lag_s = to_seconds(lag_ns);
    if (slot < work_.size() && work_[slot].pid == seen.facts.pid) {
        seen.utilisation = work_[slot].utilisation;
        seen.requests_per_second = work_[slot].requests_per_second;
        if (seen.has_worker()) seen.latency = latencies_[slot].quantiles();
    }
    if (seen.has_worker() && line.pool.threads.load(kRelaxed) > 0) seen.pool = view_pool(line.pool, now);
    if (seen.has_worker()) seen.held_by = find_held(line, now);
    if (seen.has_worker() && has_program) seen.program = kept_program(line, seen.facts.pid);
    if (seen.has_worker()) seen.memory = memory_of(seen.pid(), now);
    return seen;
}

std::optional<ProcessMemory> Observer::memory_of(pid_t pid, TimePoint now) {
    if (pid <= 0) return std::nullopt;
    Memory& memory = memories_[pid];
    if (memory.read_at == TimePoint() || now - memory.read_at > kMemoryAge) {
        memory.value = read_process_memory(pid);
        memory.read_at = now;
    }
    return memory.value;
}

}  // namespace girin
