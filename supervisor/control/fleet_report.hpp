#pragma once

// What the master tells of itself: gathers the facts that the Fleet doesn't keep (how workers ended, how reloads went,
// what was logged) and publishes all of it on its board. Not here: who reads it (supervisor/monitor).

#include <string>
#include <vector>

#include "supervisor/fleet/fleet.hpp"
#include "supervisor/monitor/master_board.hpp"
#include "supervisor/process/exit_cause.hpp"
#include "supervisor/zygote/zygote_view.hpp"

namespace girin {

class FleetReport {
  public:
    /// Before any fork. Errors: no memory.
    Result<void> prepare(std::size_t slots, const std::string& name, TimePoint now);

    /// Logs `text`, and keeps it as an event from LogLevel::info on.
    void say(LogLevel level, const std::string& text);

    void on_spawned(std::size_t slot, TimePoint now);
    void on_lag(std::size_t slot, bool lags) { slots_[slot].lagging = lags; }
    void on_exit(std::size_t slot, const ExitStory& story);
    void on_reload(std::uint32_t generation, ReloadOutcome outcome, const std::string& reason = {});
    void on_degraded(const std::string& why) { degraded_why_ = why; }
    /// Why nobody can connect to one of the listeners; empty: that isn't so.
    void set_deaf(const std::string& why) { deaf_ = why; }
    void set_listeners(const std::string& lines) { facts_.listeners = FixedText<1000>(lines); }
    void set_zygotes(const std::vector<ZygoteView>& zygotes);
    void set_serves_programs(bool does) { facts_.serves_programs = does; }
    void on_first_ready() { facts_.ever_ready = true; }

    /// A worker is gone: its line in the scoreboard is as new afterwards.
    void take_over(ScoreboardSlot& line) { board_.take_over(line); }
    /// What has changed is written for readers.
    void publish(const Fleet& fleet);
    const std::string& degraded_why() const { return degraded_why_; }
    const MasterBoard& board() const { return board_; }
    /// For a worker, whom it doesn't concern.
    void forget() { board_ = MasterBoard(); }

  private:
    MasterBoard board_;
    MasterFacts facts_;
    std::string degraded_why_;
    std::string deaf_;
    std::vector<SlotFacts> slots_;
};

}  // namespace girin
