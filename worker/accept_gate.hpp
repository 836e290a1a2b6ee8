#pragma once

// The accept gate: whether a worker should take new connections, or leave them to siblings with less in hand. Proxies
// keep connections for hours, so what is taken badly stays bad. Pure: it looks at the scoreboard.

#include <span>

#include "worker/scoreboard.hpp"

namespace girin {

/// How much more a worker may have in hand than the least loaded one before it steps back: `kGateSlack`, or an eighth
/// of what that one has, whichever is more.
inline constexpr std::uint32_t kGateSlack = 4;
/// A sibling that has been in one callback for longer, or that should have woken so long ago, is not counted: it can't
/// take what is left to it.
inline constexpr std::int64_t kGateBusyNs = 100'000'000;

/// True: slot `own` may accept. `now_ns`: CLOCK_MONOTONIC.
bool may_accept(std::span<const ScoreboardSlot> board, std::size_t own, std::int64_t now_ns);

}  // namespace girin
