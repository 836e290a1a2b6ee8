#pragma once

// The stacks of another process's threads, with the names of functions and, where there is debug information, files
// and lines: taken from outside, so that the process need not help. What does the work is elfutils' libdw. Runs in a
// child of its own (workers_health.hpp), because it stops threads, reads a lot, and may be kept waiting.

#include <sys/types.h>

#include <string>
#include <vector>

#include "girin/base/error.hpp"

namespace girin {

/// Limits, so that no recursion makes a log line of megabytes.
inline constexpr std::size_t kMostFrames = 40;   // of one thread: the innermost
inline constexpr std::size_t kMostThreads = 40;  // a pool, and some more

struct ThreadStack {
    pid_t tid = 0;
    std::string name;                 // as the thread calls itself
    std::vector<std::string> frames;  // innermost first: "spin() at shop.cpp:12", "0x7f… in libshop.so"
    bool cut = false;                 // there are more frames

    ThreadStack() = default;
};

/// All threads of `pid`, each stopped while it is looked at; `first` comes first. Errors: tracing isn't allowed, or
/// the process is gone.
Result<std::vector<ThreadStack>> trace_stacks_blocking(pid_t pid, pid_t first);

/// As one line: "thread 12 (girin: worker 1): spin() at shop.cpp:12 < handle() at …; thread 13 …".
std::string to_text(const std::vector<ThreadStack>& stacks);

}  // namespace girin
