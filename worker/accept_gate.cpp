#include "worker/accept_gate.hpp"

#include <algorithm>
#include <limits>

namespace girin {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

bool can_take_over(const ScoreboardSlot& sibling, std::int64_t now_ns) {
    if (sibling.pid.load(kRelaxed) == 0 || sibling.accepting.load(kRelaxed) == 0) return false;
    const std::int64_t busy_since = sibling.callback_start_ns.load(kRelaxed);
    if (busy_since != 0) return now_ns - busy_since < kGateBusyNs;
    const std::int64_t last_tick = sibling.last_tick_ns.load(kRelaxed);
    return last_tick == 0 || now_ns - last_tick < kIdleTickNs + kGateBusyNs;  // else it's stopped, or starves
}

}  // namespace

bool may_accept(std::span<const ScoreboardSlot> board, std::size_t own, std::int64_t now_ns) {
    std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
    for (std::size_t slot = 0; slot < board.size(); ++slot) {
        if (slot != own && can_take_over(board[slot], now_ns)) {
            least = std::min(least, board[slot].connections.load(kRelaxed));
        }
    }
    if (least == std::numeric_limits<std::uint32_t>::max()) return true;
    const std::uint32_t slack = std::max(kGateSlack, least / 8);
    return board[own].connections.load(kRelaxed) <= least + slack;
}

}  // namespace girin
