#pragma once

// When a worker last gave a sign of life, by its scoreboard line; and from when on silence counts at all, because it
// was the master, or the whole machine, that stood still. Pure: no system calls. Not here: whose fault a silence is
// (health_judge.hpp), and what a silent worker gets (fleet.hpp).

#include <algorithm>
#include <optional>

#include "girin/base/clock.hpp"
#include "worker/process/scoreboard.hpp"

namespace girin {

class HeartbeatWatch {
  public:
    /// Once a turn of the master's loop. `due`: when it had wanted to wake at the latest. A master that comes late
    /// was stopped or starved, and so probably were its workers: everyone's silence counts from now. The same after
    /// a suspend.
    void on_turn(TimePoint now, std::optional<TimePoint> due, Duration suspended);

    /// Since when the worker has been silent: since its present callback began, or since its loop should have turned
    /// for want of work. May lie ahead, while all is well. Only for workers that are ready: until then their start-up
    /// has the loop. `ready_since` counts as a sign of life.
    TimePoint silent_since(const ScoreboardSlot& line, TimePoint ready_since) const;
    /// `since`, or later where silence from then on doesn't count.
    TimePoint counted(TimePoint since) const { return std::max(since, counted_from_); }

  private:
    TimePoint counted_from_{};
    std::optional<Duration> suspended_;
};

}  // namespace girin
