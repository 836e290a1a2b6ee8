#pragma once

// LatencyHistogram: durations counted in buckets that grow with the value; every answer is within 4 % of the truth.

#include <array>
#include <cstddef>
#include <cstdint>

#include "girin/base/clock.hpp"

namespace girin::load {

class LatencyHistogram {
  public:
    /// Counted in whole microseconds; negative as 0, more than 19 hours as 19 hours.
    void add(Duration latency);

    std::uint64_t count() const { return count_; }
    Duration max() const { return max_; }
    /// The latency that `share` (0 to 1) of all don't exceed, rounded up to its bucket's end; 0 when empty.
    Duration quantile(double share) const;

  private:
    static constexpr std::size_t kExact = 64;         // microseconds with a bucket each
    static constexpr std::size_t kPerDoubling = 32;   // buckets for each power of two above
    static constexpr std::size_t kDoublings = 30;

    static std::size_t bucket_of(std::uint64_t microseconds);
    static std::uint64_t bucket_end(std::size_t bucket);

    std::array<std::uint64_t, kExact + kPerDoubling * kDoublings> buckets_{};
    std::uint64_t count_ = 0;
    Duration max_{0};
};

}  // namespace girin::load
