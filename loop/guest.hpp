#pragma once

// Guest: our loop inside a foreign one (Qt, GLib, libuv, asyncio …). The host watches one descriptor, and calls
// pump() when it is readable; nothing else is needed, timers included. Between two pumps the host's callbacks may
// use the loop as they like: call_soon, create_task, set_result. Threads: the host's one.

#include <memory>

#include "loop/asio_loop.hpp"

namespace girin {

class Guest {
  public:
    /// `loop` must outlive the guest, and not run by itself meanwhile. Errors: LoopError when it does.
    explicit Guest(AsioLoop& loop);
    ~Guest();

    /// Readable when pump() is to be called. The same for the guest's life.
    int fd() const;

    /// Runs what is ready, at most so much that the host stays responsive; the descriptor stays readable if there is
    /// more. Never waits. While it runs, the loop is the running one of this thread.
    /// Errors: LoopError from within the loop's own callbacks, or another loop's; a FatalError of a callback.
    void pump();

  private:
    // Turns of the loop in one pump(), before the host gets its turn.
    static constexpr int kTurnsPerPump = 16;

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace girin
