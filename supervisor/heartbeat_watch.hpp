#pragma once

// Which workers have been silent for too long, judged from their scoreboard lines; and when not to judge at all,
// because it was the master, or the whole machine, that stood still. Pure: no system calls. Not here: what a silent
// worker gets (fleet.hpp).

#include <optional>

#include "loop/base/clock.hpp"
#include "worker/scoreboard.hpp"

namespace girin {

class HeartbeatWatch {
  public:
    /// `timeout` of zero: nobody is ever silent.
    explicit HeartbeatWatch(Duration timeout) : timeout_(timeout) {}

    /// Once a turn of the master's loop. `due`: when it had wanted to wake at the latest. A master that comes late
    /// was stopped or starved, and so probably were its workers: everyone's silence counts from now. The same after
    /// a suspend.
    void on_turn(TimePoint now, std::optional<TimePoint> due, Duration suspended);

    /// Only for workers that are ready: until then their start-up has the loop. `ready_since` counts as a sign of life.
    bool is_silent(const ScoreboardSlot& line, TimePoint ready_since, TimePoint now) const;

    /// How often to look: often enough to find a silence within a tenth of the time-out. Zero: never.
    Duration interval() const;

  private:
    Duration timeout_;
    TimePoint counted_from_{};
    std::optional<Duration> suspended_;
};

}  // namespace girin
