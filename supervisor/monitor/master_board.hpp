#pragma once

// The master's board: shared memory beside the scoreboard, written by the master and read by the monitor, who so needs
// nothing of the master to tell how things are: the server's state, each slot's story, the last events, and what
// departed workers had counted. It outlives any monitor. Not here: what workers write (worker/process/scoreboard.hpp).

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "girin/base/error.hpp"
#include "girin/log.hpp"
#include "supervisor/fleet/fleet.hpp"
#include "supervisor/monitor/published.hpp"
#include "supervisor/process/exit_cause.hpp"
#include "supervisor/zygote/zygote_view.hpp"
#include "worker/process/scoreboard.hpp"

namespace girin {

enum class ReloadOutcome : std::uint8_t { none, running, committed, rolled_back };

struct ReloadFacts {
    std::uint32_t generation = 0;
    ReloadOutcome outcome = ReloadOutcome::none;
    std::int64_t at_unix_ms = 0;
    FixedText<400> reason;

    bool operator==(const ReloadFacts&) const = default;
};

inline constexpr std::size_t kExitKinds = 7;  // of ExitKind
static_assert(static_cast<std::size_t>(ExitKind::killed_outside) + 1 == kExitKinds);
/// "crashed", "killed_by_us" …
std::string_view to_text(ExitKind kind);

/// The process that a generation's workers are forked from, with --preload.
struct ZygoteFacts {
    std::int32_t pid = 0;  // 0: there is none
    std::uint32_t generation = 0;
    ZygoteState state = ZygoteState::none;
    std::int64_t since_ns = 0;  // in this state

    bool operator==(const ZygoteFacts&) const = default;
};
/// As many generations as may have workers, and the one that may be gone back to.
inline constexpr std::size_t kMostZygotes = 4;

/// The server as a whole. Times are CLOCK_MONOTONIC unless they say otherwise.
struct MasterFacts {
    std::int32_t pid = 0;
    std::uint32_t generation = 0;
    std::uint32_t wanted = 0;
    std::uint32_t ready = 0;
    std::uint32_t live = 0;
    bool reloading = false;
    bool stopping = false;
    bool degraded = false;
    bool deaf = false;        // nobody can connect to one of the listeners
    bool ever_ready = false;  // the first generation has served in full
    bool serves_programs = false;  // by --exec: what they answer isn't counted
    std::uint8_t log_level = 0;
    std::int64_t started_ns = 0;
    std::int64_t started_unix_ms = 0;
    std::uint64_t reloads_committed = 0;
    std::uint64_t reloads_rolled_back = 0;
    std::array<std::uint64_t, kExitKinds> exits{};  // of workers, by ExitKind
    ReloadFacts last_reload;
    std::array<ZygoteFacts, kMostZygotes> zygotes{};  // in order, without gaps
    FixedText<300> degraded_why;
    FixedText<1000> listeners;  // one a line
    FixedText<100> name;

    bool operator==(const MasterFacts&) const = default;
};

/// One slot: who is in it, and how its last worker ended.
struct SlotFacts {
    WorkerState state = WorkerState::empty;
    std::int32_t pid = 0;
    std::uint32_t generation = 0;
    std::uint32_t failures = 0;      // in a row, at this place
    bool lagging = false;            // its loop is held up, or its pool: it finishes nothing new
    std::int64_t since_ns = 0;       // in this state
    std::int64_t spawned_ns = 0;
    std::uint64_t exits = 0;         // of workers in this slot, since the master began
    std::int64_t last_exit_unix_ms = 0;
    FixedText<200> last_exit;

    bool operator==(const SlotFacts&) const = default;
};

struct EventFacts {
    std::uint64_t number = 0;  // from 1
    std::int64_t at_unix_ms = 0;
    std::uint8_t level = 0;
    FixedText<480> text;
};

/// Counters that only grow, over all workers that ever were.
struct WorkTotals {
    std::uint64_t requests = 0;
    std::uint64_t accepted = 0;
    std::uint64_t errors_5xx = 0;
    std::uint64_t latency_sum_us = 0;
    std::array<std::uint64_t, kLatencyBuckets> latency{};

    void add(const ScoreboardSlot& line);
    void add(const WorkTotals& other);
};

class MasterBoard {
  public:
    static constexpr std::size_t kEvents = 256;  // kept; older ones are written over

    /// Errors: no memory.
    static Result<MasterBoard> create(std::size_t slots);

    MasterBoard();
    MasterBoard(MasterBoard&& other) noexcept;
    MasterBoard& operator=(MasterBoard&& other) noexcept;
    ~MasterBoard();

    // --- for the master

    void publish(const MasterFacts& facts);
    void publish(std::size_t slot, const SlotFacts& facts);
    void add_event(LogLevel level, std::string_view text, std::int64_t unix_ms);
    /// A worker is gone: its counters join those of the departed, and its line is as new.
    void take_over(ScoreboardSlot& line);

    // --- for readers

    std::size_t slots() const { return slots_; }
    MasterFacts master() const;
    SlotFacts slot(std::size_t slot) const;
    /// Oldest first, those with a number above `after` that are still kept.
    std::vector<EventFacts> events(std::uint64_t after) const;
    std::uint64_t last_event() const;
    /// The departed and those in `board` together; never less than it was before.
    WorkTotals totals(ScoreboardLines board) const;

  private:
    struct Memory;
    struct Unmap {
        Unmap() : bytes(0) {}
        explicit Unmap(std::size_t size) : bytes(size) {}
        std::size_t bytes;
        void operator()(Memory* memory) const;
    };

    Published<SlotFacts>* slot_facts() const;

    std::unique_ptr<Memory, Unmap> memory_;
    std::size_t slots_ = 0;
    // The master's own copies, so that what hasn't changed isn't written.
    MasterFacts published_;
    std::vector<SlotFacts> published_slots_;
};

/// Now, as milliseconds since 1970.
std::int64_t unix_time_ms();

}  // namespace girin
