#include "supervisor/fleet/fleet_backoff.hpp"

#include <algorithm>
#include <chrono>

namespace girin {

Duration backoff_delay(int failures, const FleetOptions& options, std::mt19937_64& random) {
    if (failures <= 1) return Duration::zero();
    Duration delay = std::min(options.backoff_first, options.backoff_cap);
    for (int i = 2; i < failures && delay < options.backoff_cap; ++i) {
        delay = std::min(2 * delay, options.backoff_cap);
    }
    // Our own arithmetic instead of std::uniform_…: the same seed gives the same delays with every library.
    const auto quarter = static_cast<std::uint64_t>(delay.count() / 4);
    return delay - Duration(static_cast<std::int64_t>(random() % (quarter + 1)));
}

TokenBucket::TokenBucket(std::size_t burst, double per_second)
    : burst_(std::max(1.0, static_cast<double>(burst))),
      per_second_(std::max(0.01, per_second)),
      tokens_(burst_) {}

bool TokenBucket::take(TimePoint now) {
    const double tokens = tokens_at(now);
    if (tokens < 1) return false;
    tokens_ = tokens - 1;
    filled_at_ = now;
    return true;
}

TimePoint TokenBucket::next_at(TimePoint now) const {
    const double missing = 1 - tokens_at(now);
    if (missing <= 0) return now;
    const std::chrono::duration<double> wait(missing / per_second_);
    // A millisecond more, so that rounding never makes the caller come too early and try again at once.
    return now + std::chrono::duration_cast<Duration>(wait) + std::chrono::milliseconds(1);
}

double TokenBucket::tokens_at(TimePoint now) const {
    if (now <= filled_at_) return tokens_;
    const double seconds = std::chrono::duration<double>(now - filled_at_).count();
    return std::min(burst_, tokens_ + seconds * per_second_);
}

}  // namespace girin
