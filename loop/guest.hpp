#pragma once

// Guest: our loop inside a foreign one (Qt, GLib, libuv, asyncio …). The host watches one descriptor, and calls pump() when it
// is readable; nothing else is needed, timers included. LOOP.md tells how each host is told.

#include <functional>
#include <memory>

#include "loop/asio_loop.hpp"

namespace girin {

class Guest {
  public:
    /// `loop` must not run by itself meanwhile. Errors: LoopError when it does.
    explicit Guest(AsioLoop& loop);
    ~Guest();

    /// Readable when pump() is to be called. The same for the guest's life.
    int fd() const;

    /// Runs what is ready, at most so much that the host stays responsive; the descriptor stays readable if there is more.
    /// Never waits. While it runs, the loop is the running one of this thread.
    /// Call it once before the first wait. Not to be called from within the loop's own callbacks: LoopError.
    void pump();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace girin
