#include "worker/pool_watch.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "worker/crash_handler.hpp"

namespace girin {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

std::int64_t to_ns(TimePoint time) { return std::chrono::nanoseconds(time.time_since_epoch()).count(); }
std::int64_t now_ns() { return to_ns(Clock::now()); }

}  // namespace

/// The request whose handler gave the job to the pool.
class PoolWatch::Origin final : public JobOrigin {
  public:
    explicit Origin(const RequestNote& note) { request.copy(note); }

    RequestNote request{};
};

/// One thread of the pool, and the job that it has. Under mutex_.
struct PoolWatch::Seat {
    std::int32_t tid = 0;
    JobNote* note = nullptr;  // null: it has no job, or there was no note left
    const Origin* origin = nullptr;
    std::int64_t since_ns = 0;
    std::int64_t deadline_ns = 0;
    std::unique_ptr<SignalStack> stack;
};

PoolWatch::Seat& PoolWatch::seat() {
    thread_local Seat own;
    return own;
}

std::unique_ptr<JobOrigin> PoolWatch::job_origin() {
    if (!line_.request.is_set()) return nullptr;
    return std::make_unique<Origin>(line_.request);
}

void PoolWatch::pool_changed(const PoolState& state) noexcept {
    line_.pool.busy.store(static_cast<std::uint32_t>(state.busy), kRelaxed);
    line_.pool.queued.store(static_cast<std::uint32_t>(state.queued), kRelaxed);
    line_.pool.oldest_queued_ns.store(state.oldest_queued ? to_ns(*state.oldest_queued) : 0, kRelaxed);
    line_.pool.threads.store(static_cast<std::uint32_t>(state.threads), kRelaxed);
}

void PoolWatch::thread_began() noexcept {
    seat().tid = static_cast<std::int32_t>(::syscall(SYS_gettid));
    seat().stack = SignalStack::give_to_this_thread();
}

void PoolWatch::thread_ends() noexcept { seat().stack.reset(); }

void PoolWatch::job_began(const JobOrigin* origin) noexcept {
    Seat& own = seat();
    const std::lock_guard lock(mutex_);
    own.origin = static_cast<const Origin*>(origin);
    own.since_ns = now_ns();
    own.deadline_ns = own.origin != nullptr && own.origin->request.is_extended() ? own.origin->request.deadline_ns() : 0;
    make_progress(own.since_ns);
    own.note = find_free_note();
    if (own.note != nullptr) return note(own);
    unnoted_.push_back(&own);
}

void PoolWatch::job_ended() noexcept {
    if (!process_.is_ours()) return;
    Seat& own = seat();
    const std::lock_guard lock(mutex_);
    make_progress(now_ns());
    own.origin = nullptr;
    JobNote* const free = std::exchange(own.note, nullptr);
    if (free == nullptr) {
        unnoted_.remove(&own);
        return;
    }
    free->reset();
    if (unnoted_.empty()) return;
    Seat& next = *unnoted_.front();
    unnoted_.pop_front();
    next.note = free;
    note(next);
}

void PoolWatch::job_waits() noexcept {
    if (!process_.is_ours()) return;
    Seat& own = seat();
    const std::lock_guard lock(mutex_);
    own.since_ns = 0;
    if (own.note != nullptr) own.note->since_ns.store(0, kRelaxed);
}

void PoolWatch::job_goes_on() noexcept {
    if (!process_.is_ours()) return;
    Seat& own = seat();
    const std::lock_guard lock(mutex_);
    own.since_ns = now_ns();
    make_progress(own.since_ns);
    if (own.note != nullptr) own.note->since_ns.store(own.since_ns, kRelaxed);
}

void PoolWatch::job_extended(TimePoint deadline) noexcept {
    if (!process_.is_ours()) return;
    Seat& own = seat();
    const std::lock_guard lock(mutex_);
    own.deadline_ns = to_ns(deadline);
    if (own.note != nullptr) note(own);
}

JobNote* PoolWatch::find_free_note() {
    auto& jobs = line_.pool.jobs;
    const auto found = std::ranges::find_if(jobs, [](const JobNote& job) { return job.tid.load(kRelaxed) == 0; });
    return found == jobs.end() ? nullptr : &*found;
}

void PoolWatch::note(Seat& seat) {
    JobNote& note = *seat.note;
    if (seat.origin != nullptr) note.request.copy(seat.origin->request);
    note.since_ns.store(seat.since_ns, kRelaxed);
    note.deadline_ns.store(seat.deadline_ns, kRelaxed);
    note.extended.store(seat.deadline_ns != 0 ? 1 : 0, kRelaxed);
    note.tid.store(seat.tid, std::memory_order_release);
}

void PoolWatch::make_progress(std::int64_t now_ns) { line_.pool.last_progress_ns.store(now_ns, kRelaxed); }

}  // namespace girin
