#pragma once

// What more than one part of the master has to do with: its tables, its clock and its wait, and how it stands. Each entry
// names the part that changes it; the others look. Not here: what parts want of each other (inbox.hpp).

#include <functional>
#include <optional>
#include <string>

#include "supervisor/control/fleet_report.hpp"
#include "supervisor/crew/generations.hpp"
#include "supervisor/crew/worker_set.hpp"
#include "supervisor/fleet/fleet.hpp"
#include "supervisor/process/os.hpp"
#include "supervisor/turn/event_wait.hpp"
#include "supervisor/turn/supervisor_setup.hpp"
#include "worker/process/scoreboard.hpp"

namespace girin {

/// What a forked child keeps of its master.
struct Kept {
    std::uint32_t generation = 0;  // its settings, and of its sockets those of `lane`; 0: none
    std::size_t lane = 0;
    std::optional<std::size_t> own_line;  // of the scoreboard, which it may write
    bool has_children = false;  // each of which may write a line of its own

    Kept() = default;
};

/// How the server stands, beyond what the Fleet knows.
struct Standing {
    bool told_ready = false;  // the turn: the first generation has served in full
    bool stop_asked = false;  // the succession: by an operator
    std::string trouble;      // why the last reload or upgrade failed, if it did: the part that it failed in

    // The succession: we have a successor.
    pid_t successor = 0;      // 0: there is none
    bool upgrading = false;   // it is on its way, and may take over
    bool retiring = false;    // it serves
    bool left_some = false;   // … but not all of our sockets, which only we serve then
    bool reload_waits = false;  // it was put off until an upgrade or a trial has ended

    // The trial: we are one.
    bool on_trial = false;       // what is the service's alone is our predecessor's
    bool predecessor_listens = false;  // it takes connections from the same sockets
    bool may_go_back = false;    // in place of us the former binary may go on, as long as we are on trial
    bool has_no_way_back = false;  // we are on trial, and there is nothing else that could go on
    std::size_t elders = 0;      // the former binary's workers in this process, which may serve
    std::string place_failure;   // why the former binary is gone back to; empty: it isn't

    Standing() = default;
};

struct Common {
    /// `os` is borrowed. `standing`: how the server stands at its start.
    Common(Os& os, SupervisorSetup setup, Generations generations, Standing standing);
    Common(const Common&) = delete;
    Common& operator=(const Common&) = delete;

    /// Before anything else. Errors: no memory, no descriptors.
    Result<void> open();

    const Settings& settings() const { return generations.committed().settings; }
    /// What the Fleet needs of a generation's settings.
    FleetOptions fleet_options(const Settings& settings) const;
    /// All that are wanted serve.
    bool is_well() const { return standing.told_ready && fleet.ready_count() >= fleet.wanted(); }

    Os& os;
    SupervisorSetup setup;    // nobody changes it
    Standing standing;
    Generations generations;  // the reloader; their sockets: the crew
    Fleet fleet;              // the turn
    Scoreboard board;         // workers, each its own line; the crew
    EventWait wait;           // each part its own sources
    WorkerSet workers;        // the crew; of their health the health part
    FleetReport report;       // what each part has to report; published by the operators
    /// In a forked child: every part lets go of what is the master's. Given by the turn.
    std::function<void(const Kept&)> leave_master;
    /// Of all parts. Given by the turn.
    std::function<std::vector<pid_t>()> children;
};

/// "Listening at: http://127.0.0.1:8000 (123)", a line for each.
void log_listening(const ListenerSet& listeners);
/// "127.0.0.1:8000", a line for each.
std::string listener_lines(const ListenerSet& listeners);

}  // namespace girin
