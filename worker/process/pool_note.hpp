#pragma once

// PoolNote: what a worker's thread pool does now, in shared memory, so that the master sees a thread that hangs as it
// sees a loop that does. Not here: who writes it (pool_watch.hpp), and the other words of a slot (scoreboard.hpp).

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "worker/process/request_note.hpp"

namespace girin {

/// A job that keeps a thread of the pool now. Times are nanoseconds of CLOCK_MONOTONIC.
struct JobNote {
    std::atomic<std::int32_t> tid;          // the thread; 0: there is no such job
    std::atomic<std::uint32_t> extended;    // it has said itself how long it may take
    std::atomic<std::int64_t> since_ns;     // it has kept its thread since then
    std::atomic<std::int64_t> deadline_ns;  // 0: as --timeout says
    RequestNote request;                    // that it is done for; none: for no request, or for one that isn't known

    void reset() noexcept;
};

struct PoolNote {
    /// So many jobs are noted, those that have run for longest; none that waits for the loop, and of those that have said
    /// how long they take only as many as the others leave room for. (As many threads as there are, unless --threads asks
    /// for more.)
    static constexpr std::size_t kJobs = 32;

    std::atomic<std::uint32_t> threads;          // there may be; 0: there is no pool
    std::atomic<std::uint32_t> busy;             // threads with a job
    std::atomic<std::uint32_t> waiting;          // of those, jobs that wait for the loop: for a slow client, as a rule
    std::atomic<std::uint32_t> queued;           // jobs that wait for a thread
    std::atomic<std::int64_t> oldest_queued_ns;  // since when the first of them waits; 0: none does
    std::atomic<std::int64_t> last_progress_ns;  // when a job last began, ended or was served by the loop
    std::array<JobNote, kJobs> jobs;

    void reset() noexcept;
    /// Every thread has a job, or jobs wait, and for so long none of them has begun or ended.
    bool stands_still(std::int64_t now_ns, std::int64_t for_ns) const noexcept;
    /// It stands still, and would do so if no client were slow.
    bool is_stuck(std::int64_t now_ns, std::int64_t for_ns) const noexcept;
};

}  // namespace girin
