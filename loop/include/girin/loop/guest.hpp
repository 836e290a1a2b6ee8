#pragma once

// Guest: our loop inside a foreign one (Qt, GLib, libuv, asyncio …). The host watches one descriptor, and calls
// pump() when it is readable; nothing else is needed, timers included. Between two pumps the host's callbacks may
// use the loop as they like: call_soon, create_task, set_result. Threads: the host's one.

#include <memory>

#include "girin/loop/asio_loop.hpp"

namespace girin {

class Guest final : private LoopResident {
  public:
    /// One for a loop at a time. The loop may still run by itself between two pumps (run_until_complete), which wakes the
    /// host when it is over. Errors: LoopError when it runs now, or has a guest; std::system_error.
    explicit Guest(AsioLoop& loop);
    ~Guest();

    /// Readable when pump() is to be called. The same for the guest's life; -1 once the loop is gone.
    int fd() const;

    /// Runs what is ready, at most so much that the host stays responsive; the descriptor stays readable if there is
    /// more. Never waits. While it runs, the loop is the running one of this thread.
    /// Errors: LoopError from within the loop's own callbacks, or another loop's, or once the loop is gone; a FatalError
    /// of a callback.
    void pump();

  private:
    friend class AsioLoop;

    void on_loop_gone() noexcept override;
    void wake() noexcept;

    // Turns of the loop in one pump(), before the host gets its turn.
    static constexpr int kTurnsPerPump = 16;

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace girin
