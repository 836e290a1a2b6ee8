#pragma once

// An upgrade to a new binary, as decisions: pure, in the manner of the Fleet. A successor is started beside us, has to
// become ready and to stay well for a while, takes over, and only then do we retire. Until it has taken over, any
// failure of its own ends it and we go on as if nothing had been. A process that has to stay, as PID 1 has, only
// has it rehearse: the successor isn't told to take over but to finish, and then the process executes the binary
// itself. Not here: processes and sockets (successor.hpp, succession.hpp).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "girin/base/clock.hpp"

namespace girin {

enum class UpgradeState : std::uint8_t {
    idle,          // none
    waiting,       // asked for; begins when nothing else is under way
    starting,      // the successor runs, and isn't ready
    soaking,       // it is ready, and watched
    handing_over,  // told to take over
    rehearsed,     // it was well, and is told to finish
    ending,        // it has failed, and is made to end
    done,          // it has taken over: we retire; or its binary is executed
};

std::string_view to_text(UpgradeState state);

enum class UpgradeEvent : std::uint8_t {
    requested,  // USR2, `girin upgrade`
    free,       // nothing else is under way that it would have to wait for
    spawned,    // the successor's process exists
    not_spawned,
    ready,      // it says that all its workers serve
    unwell,     // it says that they don't any more, or why it gives up
    taken,      // it says that it has taken over
    ended,      // its process has ended; the last event about it
    finished,   // the same, with exit code 0
    finish,     // QUIT: the operator doesn't want to wait for the soak's end
    stop,       // the server is to stop, and the successor with it
    tick,       // the deadline has come
};

enum class UpgradeOrder : std::uint8_t {
    spawn,         // answer: spawned or not_spawned
    tell_take,     // "take over"
    tell_give_up,  // "end at once"
    tell_finish,   // "finish what you have in hand, and end": it was a rehearsal, or didn't stay well
    execute,       // our process becomes the binary that was rehearsed; answer: not_spawned, if it can't
    kill,          // KILL
    retire,        // it has taken over: drain and exit
    failed,        // text: why; we go on
    log,           // text
};

struct UpgradeAction {
    UpgradeOrder order;
    std::string text;

    explicit UpgradeAction(UpgradeOrder what, std::string why = {}) : order(what), text(std::move(why)) {}
    bool operator==(const UpgradeAction&) const = default;
};

struct UpgradeOptions {
    Duration boot_timeout = std::chrono::seconds(60);  // from its start to ready; 0: no limit
    Duration soak = std::chrono::seconds(1);
    Duration take_patience = std::chrono::seconds(10);  // from "take over" to its answer
    Duration end_patience = std::chrono::seconds(2);    // from "end" to KILL
    bool rehearses = false;
    Duration finish_patience = std::chrono::seconds(35);  // from "finish" to its end

    UpgradeOptions() {}
};

/// Contract with the shell: perform the actions of one decision in order; tell of a successor's end once; call with
/// `tick` when deadline() has come.
///
/// Promises: at most one successor at a time; each that was spawned either takes over, once, and nothing is ever
/// decided after that, or is reported as failed, once, and made to end, or has rehearsed well and ended, and its binary
/// is executed. Every wait has an end (with a boot_timeout).
class Upgrade {
  public:
    /// `text`: why, for not_spawned, unwell, ended, finished and stop.
    std::vector<UpgradeAction> decide(UpgradeEvent event, TimePoint now, const UpgradeOptions& options,
                                      const std::string& text = {});

    UpgradeState state() const { return state_; }
    std::optional<TimePoint> deadline() const { return deadline_; }
    /// A successor is on its way that may take over: nothing else should begin.
    bool is_under_way() const { return state_ >= UpgradeState::starting && state_ <= UpgradeState::rehearsed; }

  private:
    void on_requested();
    void begin();
    void on_told(UpgradeEvent event, const std::string& text);
    void on_ended(const std::string& text);
    void on_deadline();
    void hand_over();
    void end_rehearsal();
    void fail(const std::string& why, UpgradeOrder how);
    void leave_trial(UpgradeState next);
    void enter(UpgradeState state, std::optional<Duration> limit);
    void act(UpgradeOrder order, std::string text = {}) { actions_.emplace_back(order, std::move(text)); }

    UpgradeState state_ = UpgradeState::idle;
    std::optional<TimePoint> deadline_;
    bool again_ = false;         // asked for while the last successor was still ending
    std::string complaint_;      // what the successor said before it ended
    TimePoint now_{};
    UpgradeOptions options_;
    std::vector<UpgradeAction> actions_;
};

}  // namespace girin
