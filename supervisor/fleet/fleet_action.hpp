#pragma once

// What the Fleet asks of the shell. Values only; the shell performs them in order and reports what came of
// them as events. Not here: why (fleet.hpp) and how (the shell).

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "girin/base/clock.hpp"
#include "girin/log.hpp"
#include "girin/run/exit_code.hpp"

namespace girin {

enum class ActionKind : std::uint8_t {
    spawn,              // slot, generation: start a worker; answer worker_spawned or worker_spawn_failed, once, now or later
    call_off_spawn,     // slot, text: one that wasn't answered isn't wanted any more, and why; answer at once: failed, or,
                        // when it was done meanwhile, spawned
    tell_drain,         // slot, pid, patience: message `drain`, to be done within `patience`
    tell_quit,          // slot, pid: message `quit`
    signal,             // slot, pid, signal_number: TERM, ABRT or KILL; text: why, for the ledger of kills
    prepare_reload,     // generation: validate, bind new addresses; answer later: reload_prepared or _refused
                        // `restores`: not with the settings as they are now, but with that generation's
    commit_reload,      // generation, restores: it serves alone; text, with restores: what was gone back from, and why;
                        // patience: for how long it is watched; 0: not, and end_watch doesn't come
    end_watch,          // generation: it has stayed well; text: or why that isn't so, or can't be known
    roll_back_reload,   // generation, restores, text: it failed, and why; new spawns of it will not come
    drop_generation,    // generation: no process of it is left or will come; let go of what it held
    report_degraded,    // text, count of ready workers: workers fail in a row; respawns are slowed down
    report_recovered,   // text, count of ready workers: no longer
    log,                // level, text; slot, pid and generation where it is about a worker
    exit_master,        // code, text: nothing is left to do; the last action ever
};

/// Made by the Fleet; only the members that the kind needs are set.
struct Action {
    static constexpr std::size_t kNoSlot = static_cast<std::size_t>(-1);

    explicit Action(ActionKind action_kind) : kind(action_kind) {}

    ActionKind kind;
    std::size_t slot = kNoSlot;
    pid_t pid = 0;
    std::uint32_t generation = 0;
    std::uint32_t restores = 0;  // an earlier generation; 0: none
    int signal_number = 0;
    Duration patience{};
    std::size_t count = 0;
    bool is_respawn = false;  // of spawn: nobody ordered it, a place has lost its worker
    bool is_probe = false;    // … and not for the first time: one such at a time
    ExitCode code = ExitCode::ok;
    LogLevel level = LogLevel::info;
    std::string text;
};

std::string_view to_text(ActionKind kind);

}  // namespace girin
