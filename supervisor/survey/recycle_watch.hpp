#pragma once

// Which workers have lived long enough or grown large enough to be replaced, judged from their age and a few samples of
// their memory. Pure: no system calls. Not here: reading memory (process/memory.hpp), and how one is replaced
// (fleet.hpp).

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>

#include "girin/base/clock.hpp"

namespace girin {

/// Zero: no limit.
struct RecycleLimits {
    Duration lifetime{};
    Duration lifetime_jitter{};      // up to so much more, drawn for each worker
    std::uint64_t memory_bytes = 0;  // resident

    RecycleLimits() {}
};

class RecycleWatch {
  public:
    /// So often a worker is looked at, and so many times in a row it must be too large: a peak that is given back
    /// costs nobody a worker.
    static constexpr Duration kInterval = std::chrono::seconds(1);
    static constexpr int kSamples = 3;

    explicit RecycleWatch(const RecycleLimits& limits, std::uint64_t seed = 1) : limits_(limits), random_(seed) {}

    bool is_needed() const { return limits_.lifetime > Duration::zero() || needs_memory(); }
    bool needs_memory() const { return limits_.memory_bytes > 0; }

    /// One look at the worker in `slot`, which became ready at `ready_since`; another time means another worker.
    /// `resident`: nothing if it could not be read, which ends a row of samples. Returns why it is to be replaced, again
    /// at each look until it is.
    std::optional<std::string> look(std::size_t slot, TimePoint ready_since, TimePoint now,
                                    std::optional<std::uint64_t> resident);

  private:
    struct Seen {
        TimePoint ready_since{};
        Duration lifetime{};
        int samples_over = 0;
    };

    Seen& seen(std::size_t slot, TimePoint ready_since);
    Duration draw_lifetime();

    RecycleLimits limits_;
    std::mt19937_64 random_;
    std::map<std::size_t, Seen> seen_;
};

/// "312 MiB": whole units, rounded down, for log lines.
std::string size_text(std::uint64_t bytes);

}  // namespace girin
