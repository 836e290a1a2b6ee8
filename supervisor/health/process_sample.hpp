#pragma once

// What the kernel says of a process at one moment: whether it runs, how much processor it has had, how long it has
// waited for one, and what it sleeps in. Two of them, some time apart, tell a worker that spins from one that gets no
// processor. Of one of its threads: the main one, where a worker's loop is, or one of its pool. Not here: what
// follows from it (health_judge.hpp).

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "girin/base/clock.hpp"
#include "worker/process/scoreboard.hpp"

namespace girin {

struct ProcessSample {
    char state = '?';                   // as in /proc/PID/stat: R, S, D, T (stopped), t (a debugger has it); ?: unknown
    pid_t parent = 0;                   // 0: unknown
    std::optional<std::uint64_t> started;  // in ticks since the machine's start: no later process with its pid has the same
    std::optional<Duration> cpu;        // on a processor so far
    std::optional<Duration> run_delay;  // ready to run, and waiting for a processor
    std::string wait_channel;           // the kernel's function it sleeps in; empty: none, or it isn't told

    ProcessSample() = default;
};

/// From the text of /proc/PID/stat and /proc/PID/schedstat of one thread; either may be empty or nonsense, and is left
/// out then. Pure.
ProcessSample parse_process_sample(std::string_view stat, std::string_view schedstat);

/// `thread` is one of `pid`; 0: the main one. A process that is gone gives an empty sample. Never blocks: the
/// kernel makes these files up.
ProcessSample sample_process(pid_t pid, pid_t thread = 0);

/// Only what /proc/PID/stat says of it: no run_delay, no wait_channel.
ProcessSample read_process_stat(pid_t pid);

/// The program that a worker keeps by --exec, as its line of the scoreboard says; believed of a child of `keeper` only. 0:
/// none, or /proc isn't there. Only for workers that have --exec: the line is the worker's to write.
pid_t kept_program(const ScoreboardSlot& line, pid_t keeper);

/// Whether the kernel writes the process's core, from the text of /proc/PID/status; one that is being written shows only
/// there that it is at its end. Pure.
bool parse_dumping_core(std::string_view status);
bool is_dumping_core(pid_t pid);

/// "12.3 %" of the last ten seconds some task waited for a processor, from the text of /proc/pressure/cpu; empty where
/// the kernel doesn't count it.
std::string parse_cpu_pressure(std::string_view text);
std::string read_cpu_pressure();

}  // namespace girin
