#include "supervisor/health/heartbeat_watch.hpp"

#include <algorithm>

namespace girin {
namespace {

constexpr Duration kLate = std::chrono::milliseconds(500);
constexpr Duration kShortSuspend = std::chrono::milliseconds(100);

}  // namespace

void HeartbeatWatch::on_turn(TimePoint now, std::optional<TimePoint> due, Duration suspended) {
    const bool late = due && now - *due > kLate;
    const bool was_suspended = suspended_ && suspended - *suspended_ > kShortSuspend;
    if (late || was_suspended) counted_from_ = now;
    suspended_ = suspended;
}

TimePoint HeartbeatWatch::silent_since(const ScoreboardSlot& line, TimePoint ready_since) const {
    const Duration callback_start(line.callback_start_ns.load(std::memory_order_relaxed));
    const Duration last_tick(line.last_tick_ns.load(std::memory_order_relaxed));
    const TimePoint sign{callback_start != Duration::zero() ? callback_start : last_tick + Duration(kIdleTickNs)};
    return std::max({sign, ready_since, counted_from_});
}

}  // namespace girin
