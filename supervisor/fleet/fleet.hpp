#pragma once

// The fleet: how many workers there are, of which generation, and what happens to each of them. A plain
// object that makes no system call, starts nothing and reads no clock: an event and the time go in, actions
// come out. Not here: system calls (the shell), judging silence (heartbeat_watch.hpp), explaining an exit
// (exit_cause.hpp).
//
// Three parts. Events about one worker go through one table, states × events (fleet_worker.cpp). How a
// process is made to end is a ladder of rows (fleet_worker.cpp). After each event the places are brought in
// line with what is wanted (fleet_places.cpp); a reload, its roll-back and a recycling are nothing but places
// that are no longer current (fleet_reload.cpp).

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/fleet/fleet_action.hpp"
#include "supervisor/fleet/fleet_backoff.hpp"
#include "supervisor/fleet/fleet_event.hpp"
#include "supervisor/fleet/fleet_options.hpp"

namespace girin {

enum class WorkerState : std::uint8_t {
    empty,        // nobody, and nobody wanted here
    waiting,      // nobody, but a worker is to be spawned here when it is due
    spawning,     // the shell was asked, and has not answered yet
    starting,     // a process, not ready yet
    ready,        // serves
    draining,     // told to drain
    quitting,     // told to quit
    terminating,  // sent TERM
    aborting,     // sent ABRT
    killed,       // sent KILL
};

std::string_view to_text(WorkerState state);

/// What the Fleet knows about one slot.
struct WorkerRecord {
    WorkerState state = WorkerState::empty;
    bool holds_place = false;      // counts as one of the wanted; an ending worker may hold it for its successor
    bool is_respawn = false;       // nobody ordered it: subject to the limits on respawns
    pid_t pid = 0;                 // of the process in the slot, 0 if none
    std::uint32_t generation = 0;
    std::uint64_t age = 0;         // smaller is older
    bool leaves = false;             // has said that it has drained, and clears away
    std::uint64_t recycle_turn = 0;  // asked to be replaced as the n-th; 0: has not
    TimePoint since{};             // in this state since
    std::optional<TimePoint> deadline;
    Backoff backoff;
    std::string reason;            // why it is being ended
    bool called_off = false;       // its spawn, which is still to be answered
    bool overdue = false;          // its time to drain is over: what it still does is cut off
    bool given_up = false;         // even KILL did not end it in time: a stop no longer waits for it

    WorkerRecord() = default;

    /// A process exists, or has been asked for.
    bool is_live() const { return state != WorkerState::empty && state != WorkerState::waiting; }
};

/// Decides; the shell performs.
///
/// Contract with the shell: perform the actions of one decision in order, then report what came of them by further calls
/// (each spawn is answered once, however late, and at once when it is called off); call with `tick` when next_deadline()
/// has come, after all that has happened until then has been told (a master that comes late doesn't blame workers for it);
/// tell of a worker's exit last; `now` never goes backwards. Nothing may be asked after exit_master. An event that breaks
/// this is our own bug and stops the process; whatever workers and operators may do, in any order, is not.
///
/// Promises (the simulator's invariants):
/// - No more than wanted + surge workers start or serve at once; with those that end, no more than slots().
/// - At most three generations are alive: the one that serves, the next, and one that goes.
/// - No reload and no recycling alone takes the ready below what was wanted.
/// - After a stop nothing is spawned. Every wait has an end: what is asked of a process is followed by KILL.
///
/// Policies: a place that failed is tried again at once the first time, then after backoff_delay(). While
/// some place fails in a row the fleet is *degraded*, and such places are tried one at a time. Ready workers
/// are never ended for others' failures. A boot failure stops the server only while no worker was ever ready.
/// A reload that fails ends its workers that aren't ready; those that are serve on until the former
/// generation has taken their places back. One that has been committed, and whose workers then fail alike within
/// roll_back_window while those before were well, is answered by a reload back to what it replaced, once.
/// Scaling down ends first what isn't ready, then the oldest.
class Fleet {
  public:
    explicit Fleet(const FleetOptions& options);

    std::vector<Action> decide(const FleetEvent& event, TimePoint now);
    /// When decide must be called with `tick` at the latest, if nothing happens before; nothing: only events
    /// matter.
    std::optional<TimePoint> next_deadline() const;

    const WorkerRecord& worker(std::size_t slot) const { return workers_[slot]; }
    std::size_t slots() const { return workers_.size(); }
    std::size_t wanted() const { return wanted_; }
    std::size_t ready_count() const;
    std::size_t live_count() const;
    /// The generation that holds if nothing more happens: a reload's own only after its commit.
    std::uint32_t generation() const { return committed_; }
    bool is_reloading() const { return reload_.phase != ReloadPhase::none; }
    /// One was asked for, or is needed to go back, that has not begun.
    bool has_pending_reload() const { return reload_pending_ || going_back_; }
    bool is_stopping() const { return mode_ == Mode::stopping || mode_ == Mode::gone; }
    /// No workers are wanted for now.
    bool is_paused() const { return paused_at_ > 0; }
    bool is_degraded() const { return degraded_; }
    /// Why a worker failed last; empty: none has.
    const std::string& last_failure() const { return last_failure_; }
    /// The exit code that exit_master will tell, or has told.
    ExitCode exit_code() const { return exit_code_; }
    const FleetOptions& options() const { return options_; }

  private:
    enum class Mode : std::uint8_t { idle, serving, stopping, gone };
    enum class ReloadPhase : std::uint8_t {
        none,
        preparing,  // the shell validates
        canary,     // the first worker is wanted, or on its way
        soaking,    // it is ready and watched
        rolling,    // its generation takes the places over
    };
    struct Reload {
        ReloadPhase phase = ReloadPhase::none;
        std::uint32_t generation = 0;
        std::optional<TimePoint> deadline;
        std::size_t wanted = 0;              // from the commit on; 0: as before
        std::optional<FleetOptions> former;  // options to go back to
        std::uint32_t restores = 0;          // the generation that this one is to be like; 0: none, it is new
        bool was_well = false;               // what it replaces, when it began
        std::string why;                     // of one that restores

        Reload() = default;
    };
    /// For what a worker failed, where its code can be blamed.
    enum class Fault : std::uint8_t { none, start, crash, exit, hang };
    static constexpr std::size_t kFaults = 5;
    /// What the last reload has replaced, while there is a way back to it.
    struct Former {
        std::uint32_t generation;
        bool was_well;
        TimePoint since;
        TimePoint until;
        std::array<std::size_t, kFaults> failures{};  // of what replaced it
        std::string why;                              // is it gone back to

        Former(std::uint32_t number, bool well, TimePoint begin, TimePoint end)
            : generation(number), was_well(well), since(begin), until(end) {}
    };
    /// How a place stands to what is wanted.
    enum class Standing : std::uint8_t { none, canary, current, stale };
    struct Places {
        std::size_t canary = 0;
        std::size_t current = 0;
        std::size_t current_ready = 0;
        std::size_t stale = 0;
    };

    using Handler = void (Fleet::*)(std::size_t slot, const FleetEvent& event);
    static constexpr auto kDeadlineColumn = static_cast<std::size_t>(EventKind::worker_silent) + 1;

    // fleet.cpp: events about the whole fleet, and the end of a turn
    void dispatch(const FleetEvent& event);
    void run_deadlines();
    void on_start(const FleetEvent& event);
    void scale_to(std::int64_t workers, const std::string& reason);
    void pause();
    void resume();
    void stop(bool quick);
    void end_for_stop(std::size_t slot, bool quick);
    void finish_if_stopped();
    void update_degraded();
    Action& act(ActionKind kind);
    Action& act(ActionKind kind, std::size_t slot);
    void log(LogLevel level, std::string text);
    void log(LogLevel level, std::size_t slot, std::string_view text);

    // fleet_worker.cpp: one worker's life
    static Handler handler_for(WorkerState state, std::size_t column);
    void nothing(std::size_t slot, const FleetEvent& event);
    void broken(std::size_t slot, const FleetEvent& event);
    void on_spawned(std::size_t slot, const FleetEvent& event);
    void on_spawn_failed(std::size_t slot, const FleetEvent& event);
    void on_ready(std::size_t slot, const FleetEvent& event);
    void on_boot_failed(std::size_t slot, const FleetEvent& event);
    void on_gone_early(std::size_t slot, const FleetEvent& event);
    void on_died(std::size_t slot, const FleetEvent& event);
    void on_ended(std::size_t slot, const FleetEvent& event);
    void on_asks_recycle(std::size_t slot, const FleetEvent& event);
    void on_leaves(std::size_t slot, const FleetEvent& event);
    void on_silent(std::size_t slot, const FleetEvent& event);
    void on_boot_late(std::size_t slot, const FleetEvent& event);
    void on_spawn_late(std::size_t slot, const FleetEvent& event);
    void on_stable(std::size_t slot, const FleetEvent& event);
    void on_patience_over(std::size_t slot, const FleetEvent& event);
    void enter(std::size_t slot, WorkerState state, std::optional<Duration> limit);
    void leave_process(std::size_t slot);
    void call_off(std::size_t slot, std::string_view reason);
    void on_called_off(std::size_t slot);
    std::optional<Duration> boot_limit() const;
    void end(std::size_t slot, WorkerState rung, std::string reason);
    void lose_place(std::size_t slot, std::string_view reason, ExitCode code);
    void retry_place(std::size_t slot, std::string_view reason);
    void fail_first_start(std::string_view reason, ExitCode code);

    // fleet_places.cpp: bringing the places in line with what is wanted
    void balance();
    void retire_replaced();
    void retire_surplus();
    void claim_missing();
    void claim_canary();
    void claim(std::size_t slot, std::uint32_t generation, const Backoff& backoff, bool is_respawn);
    void retire(std::size_t slot, std::string_view reason);
    void release_place(std::size_t slot);
    void spawn_due();
    bool may_respawn(std::size_t slot);
    void wake_for_spawn_at(TimePoint time);
    Places count_places() const;
    Standing standing(std::size_t slot, std::optional<std::size_t> leaving) const;
    std::size_t room_for(const Places& places) const;
    std::optional<std::size_t> recycling() const;
    std::optional<std::size_t> worst(Standing standing) const;
    std::optional<std::size_t> spare_slot() const;
    bool is_probe_running() const;
    std::uint32_t target() const;

    // fleet_reload.cpp: the transaction
    void request_reload();
    void begin_pending_reload();
    void begin_reload();
    bool may_begin_reload() const;
    void on_prepared(const FleetEvent& event);
    void on_refused(const FleetEvent& event);
    void on_canary_ready();
    void on_reload_deadline();
    void commit_if_complete();
    void roll_back(std::string_view reason);
    void drop_unused_generations();
    bool is_generation_used(std::uint32_t generation) const;
    bool is_generation_alive(std::uint32_t generation) const;
    bool is_canary_phase() const;

    // fleet_way_back.cpp: from a generation that fails after its commit
    void keep_former(std::uint32_t generation, bool was_well);
    void forget_former();
    void end_watch(std::uint32_t generation, std::string why_not);
    void expire_former();
    void blame(std::size_t slot, Fault fault, std::string_view reason);
    void decide_way_back(Fault fault, std::string_view reason);
    void begin_way_back();
    static Fault fault_of(const FleetEvent& exit);
    static std::string_view fault_text(Fault fault);

    FleetOptions options_;
    std::vector<WorkerRecord> workers_;
    std::vector<Action> actions_;  // of the decision that is being made
    TimePoint now_{};              // … and its time
    std::size_t paused_at_ = 0;  // while paused: how many are wanted afterwards
    std::size_t wanted_ = 0;
    Mode mode_ = Mode::idle;
    Reload reload_;
    bool reload_pending_ = false;
    std::optional<Former> former_;
    bool going_back_ = false;  // to former_, as soon as a reload may begin
    std::uint32_t committed_ = 1;
    std::uint32_t last_generation_ = 1;
    std::vector<std::uint32_t> generations_{1};  // not dropped yet
    bool ever_ready_ = false;
    bool degraded_ = false;
    std::string last_failure_;
    ExitCode exit_code_ = ExitCode::ok;
    std::string exit_reason_;
    std::uint64_t next_age_ = 0;
    std::uint64_t next_recycle_turn_ = 0;
    std::mt19937_64 random_;
    TokenBucket respawns_;
    std::optional<TimePoint> spawn_wake_;
};

/// What is said after a number of workers that isn't the one that was asked for: ", the smallest number (asked for -3)".
/// Else empty.
std::string bound_words(std::int64_t asked, std::size_t workers);

}  // namespace girin
