#pragma once

// What a worker does when it crashes (SEGV, BUS, FPE, ILL, ABRT): it notes signal, address and thread in its
// scoreboard line, tells the master, and waits for a moment, so that the master can have its stacks read from outside;
// then it ends by the same signal, with the same cause and the same core. When no master looks, it writes a stack of
// its own, without names, to the log. Not here: the reading (supervisor/health).
//
// The handler is async-signal-safe and runs on a stack of its own, for a stack that has overflowed. Threads that the
// application starts have no such stack: a fault there is told too, unless it is their stack that has overflowed.
// Builds with ASan or TSan leave these signals to the sanitizer.

#include "worker/scoreboard.hpp"

namespace girin {

/// Whether this build handles crashes; else install_crash_handler() does nothing.
bool handles_crashes();

/// For this process from now on. `channel_fd` and `line` are used until its end. Threads: the main one.
void install_crash_handler(int channel_fd, ScoreboardSlot& line);

}  // namespace girin
