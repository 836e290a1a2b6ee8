#pragma once

// LoopDriver: runs a loop on the test's own thread for as long as a condition needs. So a test looks at server,
// handlers and sockets between two turns, without a lock.

#include <functional>

#include "girin/loop/asio_loop.hpp"
#include "tests/support/deadline.hpp"

namespace girin::test {

class LoopDriver {
  public:
    static constexpr milliseconds kLimit{10'000};

    explicit LoopDriver(AsioLoop& loop) : loop_(loop) {}

    /// Runs turns until `condition` holds; it is asked between any two. False: not within `limit`.
    bool run_until(const std::function<bool()>& condition, milliseconds limit = kLimit);
    /// So many turns that don't wait: what is ready gets done, and what follows from it.
    void run_turns(int count = 20);

  private:
    AsioLoop& loop_;
};

}  // namespace girin::test
