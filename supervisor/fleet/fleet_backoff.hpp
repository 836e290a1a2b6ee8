#pragma once

// How fast what failed may be tried again: a row of failures in one place (Backoff), and all places together
// (TokenBucket). Not here: who fails and who waits (fleet.hpp).

#include <cstddef>
#include <cstdint>
#include <random>

#include "girin/base/clock.hpp"
#include "supervisor/fleet/fleet_options.hpp"

namespace girin {

/// A place's row of failures. It goes with the place when that moves to another slot.
struct Backoff {
    int failures = 0;
    TimePoint due{};  // not to be tried before

    Backoff() = default;

    /// Two in a row: not an accident any more.
    bool is_failing() const { return failures >= 2; }
};

/// The wait after the given number of failures in a row: 0, then 0.5 s, 1 s, 2 s … up to the cap, less up to
/// a quarter drawn at random, so that places which failed together don't come back together.
Duration backoff_delay(int failures, const FleetOptions& options, std::mt19937_64& random);

/// So many at once, so many a second in the long run. A clock that stands still gives nothing.
class TokenBucket {
  public:
    TokenBucket(std::size_t burst, double per_second);

    bool take(TimePoint now);
    /// When take() will succeed next, if nobody else takes; never in the past.
    TimePoint next_at(TimePoint now) const;

  private:
    double tokens_at(TimePoint now) const;

    double burst_;
    double per_second_;
    double tokens_;
    TimePoint filled_at_{};
};

}  // namespace girin
