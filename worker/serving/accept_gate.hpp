#pragma once

// The accept gate: whether a worker should take new connections, or leave them to siblings with less in hand. Proxies
// keep connections for hours, so what is taken badly stays bad. Pure: it looks at the scoreboard.

#include <cstddef>
#include <cstdint>

#include "worker/process/scoreboard.hpp"

namespace girin {

/// How much more a worker may have in hand than the least loaded one before it steps back: `kGateSlack`, or an eighth
/// of what that one has, whichever is more.
inline constexpr std::uint32_t kGateSlack = 4;
/// A sibling that has been in one callback for longer, or that should have woken so long ago, is not counted: it can't
/// take what is left to it.
inline constexpr std::int64_t kGateBusyNs = 100'000'000;

/// The same of one whose pool has stood still for so long, and one's own: others can do what it can't.
inline constexpr std::int64_t kGatePoolStillNs = 1'000'000'000;

/// What was seen of siblings holds for so long, unless the gate is about to shut by it: looking at all of them costs as
/// much as a small system call.
inline constexpr std::int64_t kGateMemoryNs = 1'000'000;

class AcceptGate {
  public:
    AcceptGate(ScoreboardLines board, std::size_t own) : board_(board), own_(own) {}

    /// Whether slot `own` may accept. It shuts beyond the slack and opens again at half of it, so that one which stands
    /// there doesn't open and shut with each connection. `now_ns`: CLOCK_MONOTONIC.
    bool is_open(std::int64_t now_ns);

  private:
    void look(std::int64_t now_ns);

    ScoreboardLines board_;
    std::size_t own_;
    std::int64_t looked_at_ns_ = 0;
    std::uint32_t shuts_above_ = 0;
    std::uint32_t opens_at_ = 0;
    bool leaves_to_others_ = false;  // its own pool stands still, and theirs don't
    bool open_ = true;
};

}  // namespace girin
