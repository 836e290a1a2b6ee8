#pragma once

// The scoreboard: shared memory with one line per slot, written by the worker in that slot, read by the master and by
// siblings. Plain atomics, no locks, no system calls to write. Mapped by the master before any fork.

#include <array>
#include <atomic>
#include <cstdint>
#include <cstddef>
#include <span>

#include "loop/base/error.hpp"
#include "worker/request_note.hpp"

namespace girin {

/// A loop with nothing to do turns all the same, so often at least (heartbeat.hpp).
inline constexpr std::int64_t kIdleTickNs = 500'000'000;

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
/// of CLOCK_MONOTONIC. All loads and stores are relaxed: a reader may see a line that is one turn old.
struct alignas(128) ScoreboardSlot {
    std::atomic<std::int32_t> pid;
    std::atomic<std::uint32_t> generation;
    std::atomic<std::uint64_t> turns;              // turns of the loop: grows while the worker is alive and well
    std::atomic<std::int64_t> last_tick_ns;        // start of the last turn
    std::atomic<std::int64_t> callback_start_ns;   // the callback that runs now began then; 0: none, the loop waits
    std::atomic<std::uint32_t> accepting;          // 1: listeners armed, counts for the accept gate
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

    void reset();
    /// For the writer.
    void count_latency(std::int64_t microseconds, std::uint64_t times = 1);
};

/// Owns: the mapping, shared with every process forked after create().
class Scoreboard {
  public:
    /// Errors: no memory. `slots` is fixed for the mapping's life: the most workers there can ever be at once.
    static Result<Scoreboard> create(std::size_t slots);

    Scoreboard() = default;
    Scoreboard(Scoreboard&& other) noexcept;
    Scoreboard& operator=(Scoreboard&& other) noexcept;
    ~Scoreboard();

    std::size_t size() const { return slots_.size(); }
    ScoreboardSlot& operator[](std::size_t slot) { return slots_[slot]; }
    const ScoreboardSlot& operator[](std::size_t slot) const { return slots_[slot]; }
    std::span<ScoreboardSlot> slots() { return slots_; }

  private:
    std::span<ScoreboardSlot> slots_;
};

}  // namespace girin
