#include "supervisor/monitor/latency_window.hpp"

#include <numeric>

namespace girin {
namespace {

double bound_s(std::size_t bucket) { return static_cast<double>(kLatencyBounds_us[bucket]) / 1e6; }

double quantile(const LatencyHistogram& counts, double rank) {
    double below = 0;
    for (std::size_t bucket = 0; bucket < kLatencyBounds_us.size(); ++bucket) {
        const auto count = static_cast<double>(counts[bucket]);
        if (count > 0 && below + count >= rank) {
            const double least = bucket == 0 ? 0 : bound_s(bucket - 1);
            return least + (bound_s(bucket) - least) * (rank - below) / count;
        }
        below += count;
    }
    return bound_s(kLatencyBounds_us.size() - 1);
}

bool has_shrunk(const LatencyHistogram& before, const LatencyHistogram& now) {
    for (std::size_t bucket = 0; bucket < now.size(); ++bucket) {
        if (now[bucket] < before[bucket]) return true;
    }
    return false;
}

}  // namespace

std::optional<LatencyQuantiles> quantiles_of(const LatencyHistogram& counts) {
    const auto all = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
    if (all == 0) return std::nullopt;
    LatencyQuantiles found;
    found.p50_s = quantile(counts, all * 0.50);
    found.p99_s = quantile(counts, all * 0.99);
    return found;
}

void LatencyWindow::look(const LatencyHistogram& now) {
    if (kept_ > 0 && has_shrunk(looks_[last_], now)) begin_anew();
    last_ = (last_ + 1) % looks_.size();
    looks_[last_] = now;
    if (kept_ < looks_.size()) ++kept_;
}

void LatencyWindow::begin_anew() {
    looks_[last_] = {};
    kept_ = 1;
}

std::optional<LatencyQuantiles> LatencyWindow::quantiles() const {
    if (kept_ < 2) return std::nullopt;
    const LatencyHistogram& oldest = looks_[(last_ + looks_.size() - (kept_ - 1)) % looks_.size()];
    LatencyHistogram counts = looks_[last_];
    for (std::size_t bucket = 0; bucket < counts.size(); ++bucket) counts[bucket] -= oldest[bucket];
    return quantiles_of(counts);
}

}  // namespace girin
