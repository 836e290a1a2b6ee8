#include "supervisor/survey/scale_advisor.hpp"

#include <algorithm>
#include <cmath>

namespace girin {
namespace {

std::string percent(double share) { return std::to_string(std::lround(share * 100)) + " %"; }

std::string describe(const LoadSample& sample) {
    std::string text = sample.is_of_pools ? "pools are busy " + percent(sample.busy)
                                          : "loops are busy " + percent(sample.busy) + " of the time";
    if (sample.jobs > 0) text += ", " + std::to_string(sample.jobs) + " jobs wait";
    if (sample.backlog > 0) text += ", " + std::to_string(sample.backlog) + " connections wait";
    return text;
}

}  // namespace

std::size_t ScaleAdvisor::move_least(std::int64_t by) {
    const auto most = static_cast<std::int64_t>(options_.most);
    const std::int64_t least = std::clamp<std::int64_t>(static_cast<std::int64_t>(options_.least) + by, 1, most);
    options_.least = static_cast<std::size_t>(least);
    return options_.least;
}

std::optional<ScaleStep> ScaleAdvisor::look(const LoadSample& sample, TimePoint now) {
    if (sample.workers < options_.least) return ScaleStep{options_.least, "the least that is wanted"};
    if (sample.workers > options_.most) return ScaleStep{options_.most, "the most that is allowed"};
    if (auto more = look_for_more(sample, now)) return more;
    return look_for_fewer(sample, now);
}

std::optional<ScaleStep> ScaleAdvisor::look_for_more(const LoadSample& sample, TimePoint now) {
    const bool is_busy = sample.busy >= kBusy || sample.backlog + sample.jobs >= sample.workers;
    busy_looks_ = is_busy ? busy_looks_ + 1 : 0;
    if (busy_looks_ < kBusyLooks || now < settled_at_ || sample.workers >= options_.most) return std::nullopt;
    interrupt();
    settled_at_ = now + kSettling;
    const std::size_t more = std::max<std::size_t>(sample.workers / 2, 1);
    return ScaleStep{std::min(options_.most, sample.workers + more), describe(sample)};
}

std::optional<ScaleStep> ScaleAdvisor::look_for_fewer(const LoadSample& sample, TimePoint now) {
    const double work = sample.busy * static_cast<double>(sample.workers);
    const bool is_idle = sample.workers > options_.least && sample.backlog + sample.jobs == 0 &&
                         work < kIdle * static_cast<double>(sample.workers - 1);
    if (!is_idle) idle_since_.reset();
    if (is_idle && !idle_since_) idle_since_ = now;
    if (!is_idle || now - *idle_since_ < options_.down_after) return std::nullopt;
    idle_since_ = now - options_.down_after * 3 / 4;
    return ScaleStep{sample.workers - 1, describe(sample)};
}

void ScaleAdvisor::interrupt() {
    busy_looks_ = 0;
    idle_since_.reset();
}

std::optional<double> BusyMeter::share(std::size_t slot, TimePoint ready_since, Duration busy, TimePoint now) {
    Seen& last = seen_[slot];
    const bool is_known = last.ready_since == ready_since && last.at < now;
    const double worked = std::chrono::duration<double>(busy - last.busy).count();
    const double passed = std::chrono::duration<double>(now - last.at).count();
    last.ready_since = ready_since;
    last.at = now;
    last.busy = busy;
    if (!is_known) return std::nullopt;
    return std::clamp(worked / passed, 0.0, 1.0);
}

}  // namespace girin
