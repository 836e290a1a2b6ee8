#pragma once

// How a worker that has drained leaves: by exit(), so that destructors of static objects, functions given to atexit(),
// buffered streams and what tools add (gcov, LeakSanitizer) have their turn, as in any program. For one whose code was
// loaded in the worker itself: what came before the fork belongs to the master, which ends it itself.

#include "girin/base/clock.hpp"
#include "worker/process/scoreboard.hpp"

namespace girin {

/// Doesn't return. What isn't done within kExitPatience from `left_since` is cut off, with a line in the log. Threads:
/// the main one, and no other of ours runs any more.
[[noreturn]] void exit_orderly(int code, TimePoint left_since);

}  // namespace girin
