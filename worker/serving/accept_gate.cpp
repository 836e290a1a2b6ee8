#include "worker/serving/accept_gate.hpp"

#include <algorithm>
#include <limits>

namespace girin {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

bool can_take_over(const ScoreboardSlot& sibling, std::int64_t now_ns) {
    if (sibling.accepting.load(kRelaxed) == 0 || sibling.pool.stands_still(now_ns, kGatePoolStillNs)) return false;
    const std::int64_t busy_since = sibling.callback_start_ns.load(kRelaxed);
    if (busy_since != 0) return now_ns - busy_since < kGateBusyNs;
    const std::int64_t last_tick = sibling.last_tick_ns.load(kRelaxed);
    return last_tick == 0 || now_ns - last_tick < kIdleTickNs + kGateBusyNs;  // else it's stopped, or starves
}

}  // namespace

void AcceptGate::look(std::int64_t now_ns) {
    constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t least = kNobody;
    for (std::size_t slot = 0; slot < board_.size(); ++slot) {
        if (slot != own_ && can_take_over(board_[slot], now_ns)) {
            least = std::min(least, board_[slot].connections.load(kRelaxed));
        }
    }
    const std::uint32_t slack = std::max(kGateSlack, least / 8);
    shuts_above_ = least > kNobody - slack ? kNobody : least + slack;
    opens_at_ = least > kNobody - slack ? kNobody : least + slack / 2;
    leaves_to_others_ = least != kNobody && board_[own_].pool.stands_still(now_ns, kGatePoolStillNs);
    looked_at_ns_ = now_ns;
}

bool AcceptGate::is_open(std::int64_t now_ns) {
    const std::uint32_t own = board_[own_].connections.load(kRelaxed);
    const bool shuts = open_ && own > shuts_above_;
    if (shuts || now_ns - looked_at_ns_ >= kGateMemoryNs) look(now_ns);
    open_ = own <= (open_ ? shuts_above_ : opens_at_) && !leaves_to_others_;
    return open_;
}

}  // namespace girin
