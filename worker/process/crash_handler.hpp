#pragma once

// What a worker does when it crashes (SEGV, BUS, FPE, ILL, ABRT): it notes signal, address and thread in its
// scoreboard line, tells the master, and waits for a moment, so that the master can have its stacks read from outside;
// then it ends by the same signal, with the same cause and the same core. When no master looks, it writes a stack of
// its own, without names, to the log. Not here: the reading (supervisor/health).
//
// The handler is async-signal-safe and runs on a stack of its own, for a stack that has overflowed; each thread of the
// pool has one too. Threads that the application starts have none: a fault there is told too, unless it is their stack
// that has overflowed.
// The first thread that crashes tells of it; others wait for its end. A child that the application forks has the handler
// too, but says nothing in the worker's name: it writes its stack to the log, and ends.
// Builds with ASan or TSan leave these signals to the sanitizer.

#include <memory>

#include "worker/process/scoreboard.hpp"

namespace girin {

/// Whether this build handles crashes; else install_crash_handler() does nothing.
bool handles_crashes();

/// A stack for signal handlers, of one thread. Owns: its memory, until the thread ends.
class SignalStack {
  public:
    /// Null where there is no memory; then a handler has the crashing stack.
    static std::unique_ptr<SignalStack> give_to_this_thread();
    /// On the same thread.
    ~SignalStack();
    SignalStack(const SignalStack&) = delete;
    SignalStack& operator=(const SignalStack&) = delete;

  private:
    explicit SignalStack(void* memory) : memory_(memory) {}

    void* memory_;
};

/// For this process from now on. `line` is used until its end, and a copy of `channel_fd`. Threads: the main one.
void install_crash_handler(int channel_fd, ScoreboardSlot& line);

}  // namespace girin
