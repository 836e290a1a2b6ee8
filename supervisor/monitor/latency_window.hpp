#pragma once

// How long requests took lately, told from histograms that only grow: the difference between now and ten looks ago. Pure.
// Not here: the histograms (worker/process/scoreboard.hpp), and who looks (snapshot.hpp).

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "worker/process/scoreboard.hpp"

namespace girin {

using LatencyHistogram = std::array<std::uint64_t, kLatencyBuckets>;

/// Within a bucket, requests are taken to be spread evenly; beyond the last bound it is the bound.
struct LatencyQuantiles {
    double p50_s = 0;
    double p99_s = 0;
};

/// Empty: there were no requests.
std::optional<LatencyQuantiles> quantiles_of(const LatencyHistogram& counts);

class LatencyWindow {
  public:
    static constexpr std::size_t kLooks = 10;  // one a second: so many seconds are looked back

    /// One look. A histogram that has shrunk is another worker's, which begin_anew() hasn't told of.
    void look(const LatencyHistogram& now);
    /// Of the requests between the oldest look that is kept and the last.
    std::optional<LatencyQuantiles> quantiles() const;
    /// The next look is at a histogram that was empty a moment ago.
    void begin_anew();

  private:
    std::array<LatencyHistogram, kLooks + 1> looks_{};
    std::size_t kept_ = 0;
    std::size_t last_ = 0;
};

}  // namespace girin
