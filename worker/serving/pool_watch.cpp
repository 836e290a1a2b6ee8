#include "worker/serving/pool_watch.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "worker/process/crash_handler.hpp"

namespace girin {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

std::int64_t to_ns(TimePoint time) { return std::chrono::nanoseconds(time.time_since_epoch()).count(); }
/// Of a counter that is written under one lock.
void add_to(std::atomic<std::uint32_t>& counter, int amount) {
    counter.store(counter.load(kRelaxed) + static_cast<std::uint32_t>(amount), kRelaxed);
}
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
    JobNote* note = nullptr;  // null: it has no job, or one that waits for the loop, or there was no note left
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
    take_note(own);
}

void PoolWatch::job_ended() noexcept {
    if (!process_.is_ours()) return;
    Seat& own = seat();
    const std::lock_guard lock(mutex_);
    make_progress(now_ns());
    leave_note(own);
    own.origin = nullptr;
}

/// Clients that read slowly may hold all threads but few, and what hangs on those has to be seen.
void PoolWatch::job_waits() noexcept {
    if (!process_.is_ours()) return;
    const std::lock_guard lock(mutex_);
    add_to(line_.pool.waiting, 1);
    leave_note(seat());
}

void PoolWatch::job_goes_on() noexcept {
    if (!process_.is_ours()) return;
    Seat& own = seat();
    const std::lock_guard lock(mutex_);
    add_to(line_.pool.waiting, -1);
    own.since_ns = now_ns();
    make_progress(own.since_ns);
    take_note(own);
}

void PoolWatch::job_extended(TimePoint deadline) noexcept {
    if (!process_.is_ours()) return;
    Seat& own = seat();
    const std::lock_guard lock(mutex_);
    own.deadline_ns = to_ns(deadline);
    if (own.note == nullptr) return;
    write_note(own);
    if (std::ranges::all_of(unnoted_, &may_take_long)) return;
    leave_note(own);
    unnoted_.push_back(&own);
}

bool PoolWatch::may_take_long(const Seat* seat) { return seat->deadline_ns != 0; }

void PoolWatch::take_note(Seat& seat) {
    auto place = std::ranges::find(noted_, nullptr);
    if (place == noted_.end() && !may_take_long(&seat)) {
        place = std::ranges::find_if(noted_, &may_take_long);
        if (place != noted_.end()) {
            unnoted_.push_back(*place);
            std::exchange((*place)->note, nullptr)->reset();
        }
    }
    if (place == noted_.end()) return unnoted_.push_back(&seat);
    *place = &seat;
    seat.note = &line_.pool.jobs[static_cast<std::size_t>(place - noted_.begin())];
    write_note(seat);
}

void PoolWatch::leave_note(Seat& seat) {
    if (seat.note == nullptr) {
        unnoted_.remove(&seat);
        return;
    }
    std::exchange(seat.note, nullptr)->reset();
    *std::ranges::find(noted_, &seat) = nullptr;
    if (unnoted_.empty()) return;
    const auto needy = std::ranges::find_if_not(unnoted_, &may_take_long);
    const auto next = needy == unnoted_.end() ? unnoted_.begin() : needy;
    Seat& taker = **next;
    unnoted_.erase(next);
    take_note(taker);
}

void PoolWatch::write_note(const Seat& seat) {
    JobNote& note = *seat.note;
    if (seat.origin != nullptr) note.request.copy(seat.origin->request);
    note.since_ns.store(seat.since_ns, kRelaxed);
    note.deadline_ns.store(seat.deadline_ns, kRelaxed);
    note.extended.store(may_take_long(&seat) ? 1 : 0, kRelaxed);
    note.tid.store(seat.tid, std::memory_order_release);
}

void PoolWatch::make_progress(std::int64_t now_ns) { line_.pool.last_progress_ns.store(now_ns, kRelaxed); }

}  // namespace girin
