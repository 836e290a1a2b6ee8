#pragma once

// The scoreboard: shared memory with one line per slot, written by the worker in that slot, read by the master and by
// siblings. Plain atomics, no locks, no system calls to write. Mapped by the master before any fork; each line has pages
// of its own, so that a worker can be left with nothing to write but its own line.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstddef>
#include <optional>

#include "girin/base/error.hpp"
#include "girin/base/unique_fd.hpp"
#include "worker/process/pool_note.hpp"
#include "worker/process/request_note.hpp"

namespace girin {

/// A loop with nothing to do turns all the same, so often at least (heartbeat.hpp).
inline constexpr std::int64_t kIdleTickNs = 500'000'000;

/// From the end of a worker's loop to its own end: what its application's destructors, its static objects and its exit
/// handlers may take together.
inline constexpr std::chrono::seconds kExitPatience(5);
/// What exit handlers get at the least, when all before them took longer.
inline constexpr std::chrono::seconds kLeastExitPatience(1);
/// So long the master lets a worker leave: until then it is neither taken for one that hangs nor ended for being late.
inline constexpr std::chrono::seconds kLeavingLimit = kExitPatience + kLeastExitPatience;

/// How a worker crashes, while it does (crash_handler.hpp).
struct CrashNote {
    std::atomic<std::int32_t> signo;    // 0: it doesn't; written last
    std::atomic<std::int32_t> code;     // si_code
    std::atomic<std::int32_t> tid;      // the thread
    std::atomic<std::uint32_t> told;    // by the master: it has seen what there is to see
    std::atomic<std::uint64_t> address; // that the fault was about

    void reset();
};

/// Upper bounds of the latency buckets, in microseconds; the last bucket, beyond these, has none.
inline constexpr std::array<std::int64_t, 14> kLatencyBounds_us = {
    1'000,   2'000,   5'000,     10'000,    20'000,    50'000,     100'000,
    200'000, 500'000, 1'000'000, 2'000'000, 5'000'000, 10'000'000, 30'000'000};
inline constexpr std::size_t kLatencyBuckets = kLatencyBounds_us.size() + 1;

/// One slot's line. The writer is the worker of the slot; the master resets it between workers. Times are nanoseconds
/// of CLOCK_MONOTONIC. All loads and stores are relaxed: a reader may see a line that is one turn old. Who is in the slot
/// isn't here: the master knows (MasterBoard), and an empty slot's line is all zeros.
struct alignas(128) ScoreboardSlot {
    std::atomic<std::uint64_t> turns;              // turns of the loop: grows while the worker is alive and well
    std::atomic<std::int64_t> last_tick_ns;        // start of the last turn
    std::atomic<std::int64_t> callback_start_ns;   // the callback that runs now began then; 0: none, the loop waits
    std::atomic<std::int64_t> leaving_since_ns;    // its loop has ended, and it clears away; 0: not yet (kLeavingLimit)
    std::atomic<std::uint32_t> accepting;          // 1: takes connections, or would if the accept gate were open
    std::atomic<std::uint32_t> connections;        // open
    std::atomic<std::uint32_t> requests_in_flight;
    std::atomic<std::uint64_t> requests;           // answered since the worker began
    std::atomic<std::uint64_t> accepted;           // connections since the worker began
    std::atomic<std::uint64_t> errors_5xx;
    std::atomic<std::int32_t> program;             // that this worker keeps, by --exec: its pid; 0: none
    CrashNote crash;
    RequestNote request;                           // whose handler runs now
    std::atomic<std::uint64_t> busy_ns;            // in turns, as opposed to waiting for something to do
    std::atomic<std::int64_t> lag_ns;              // the longest turn of the last half second: so long others waited
    std::atomic<std::uint64_t> latency_sum_us;     // from a request's head to the end of its handler, all together
    std::array<std::atomic<std::uint64_t>, kLatencyBuckets> latency;
    PoolNote pool;                                 // its threads and their jobs

    void reset();
    /// For the writer.
    void count_latency(std::int64_t microseconds, std::uint64_t times = 1);
};

/// All lines, borrowed from a Scoreboard; a copy is as good as the original.
class ScoreboardLines {
  public:
    ScoreboardLines() = default;
    ScoreboardLines(std::byte* first, std::size_t count, std::size_t stride)
        : first_(first), count_(count), stride_(stride) {}

    std::size_t size() const { return count_; }
    ScoreboardSlot& operator[](std::size_t slot) const {
        return *reinterpret_cast<ScoreboardSlot*>(first_ + slot * stride_);
    }

  private:
    std::byte* first_ = nullptr;
    std::size_t count_ = 0;
    std::size_t stride_ = 0;
};

/// Owns: the mapping, shared with every process forked after create(). Whole pages (two of 4 KiB as a rule) a slot, used once the
/// slot has been looked at: about 1 MiB of shared memory for the usual 129 slots, once for the server.
class Scoreboard {
  public:
    /// Errors: no memory. `slots` is fixed for the mapping's life: the most workers there can ever be at once.
    static Result<Scoreboard> create(std::size_t slots);

    Scoreboard() = default;
    Scoreboard(Scoreboard&& other) noexcept;
    Scoreboard& operator=(Scoreboard&& other) noexcept;
    ~Scoreboard();

    std::size_t size() const { return count_; }
    ScoreboardSlot& operator[](std::size_t slot) const { return slots()[slot]; }
    ScoreboardLines slots() const { return {first_, count_, stride_}; }

    /// For a child from which workers are forked: nothing can be written, until keep_writable() says otherwise in one of
    /// them. Keeps out stray writes, not somebody who means it. Errors: as below.
    Result<void> hold_still();

    /// For a child: from now on it can write the line `own` only, or none, and can't undo that. Where the kernel refuses
    /// memfd_create it could: then this keeps out stray writes, but not somebody who means it (can_be_locked()).
    /// Errors: no more mappings; the board must not be used then.
    Result<void> keep_writable(std::optional<std::size_t> own);
    bool can_be_locked() const { return file_.get() >= 0; }

  private:
    std::size_t bytes() const { return count_ * stride_; }
    Result<void> make_readable_only(std::size_t from, std::size_t to);

    UniqueFd file_;  // takes no new mappings that write
    std::byte* first_ = nullptr;
    std::size_t count_ = 0;
    std::size_t stride_ = 0;
};

}  // namespace girin
