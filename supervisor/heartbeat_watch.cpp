#include "supervisor/heartbeat_watch.hpp"

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

bool HeartbeatWatch::is_silent(const ScoreboardSlot& line, TimePoint ready_since, TimePoint now) const {
    if (timeout_ <= Duration::zero()) return false;
    const TimePoint last_tick{Duration(line.last_tick_ns.load(std::memory_order_relaxed))};
    return now - std::max({last_tick, ready_since, counted_from_}) > timeout_;
}

Duration HeartbeatWatch::interval() const {
    if (timeout_ <= Duration::zero()) return Duration::zero();
    return std::clamp<Duration>(timeout_ / 10, std::chrono::milliseconds(50), std::chrono::seconds(1));
}

}  // namespace girin
