#include "tests/load/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace girin::load {

std::size_t LatencyHistogram::bucket_of(std::uint64_t microseconds) {
    if (microseconds < kExact) return microseconds;
    // The value's six leading bits: the first is set, the other five choose among 32 buckets.
    const auto shift = static_cast<std::size_t>(std::bit_width(microseconds)) - 6;
    const std::size_t bucket = kExact + (shift - 1) * kPerDoubling + ((microseconds >> shift) - kPerDoubling);
    return std::min(bucket, kExact + kPerDoubling * kDoublings - 1);
}

std::uint64_t LatencyHistogram::bucket_end(std::size_t bucket) {
    if (bucket < kExact) return bucket;
    const std::size_t shift = (bucket - kExact) / kPerDoubling + 1;
    const std::uint64_t leading = (bucket - kExact) % kPerDoubling + kPerDoubling;
    return ((leading + 1) << shift) - 1;
}

void LatencyHistogram::add(Duration latency) {
    latency = std::max(latency, Duration{0});
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(latency).count();
    ++buckets_[bucket_of(static_cast<std::uint64_t>(microseconds))];
    ++count_;
    max_ = std::max(max_, latency);
}

Duration LatencyHistogram::quantile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t bucket = 0; bucket < buckets_.size() && count_ > 0; ++bucket) {
        seen += buckets_[bucket];
        if (seen < wanted || seen == 0) continue;
        return std::min<Duration>(std::chrono::microseconds(bucket_end(bucket)), max_);
    }
    return max_;
}

}  // namespace girin::load
