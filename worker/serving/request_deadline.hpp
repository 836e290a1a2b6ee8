#pragma once

// RequestDeadline: how long one request may take (--request-timeout), for a handler that waits; and what it may have
// asked for beyond that. Costs nothing until a handler waits. Not here: a handler that doesn't let the loop run, which
// only the master can end (supervisor/health).

#include <memory>

#include "worker/serving/deadlines.hpp"

namespace girin {

class Http1Exchange;

class RequestDeadline final : private Deadline, private Timer {
  public:
    explicit RequestDeadline(Http1Exchange& exchange) : exchange_(exchange) {}

    /// The handler waits for the first time. Nothing, where `queue` never ends or the handler has said how long.
    void start(DeadlineQueue& queue) {
        if (!Timer::is_armed()) queue.start(*this);
    }
    /// From now on it may take until `end`, which is kept to the moment.
    void extend(EventLoop& loop, TimePoint end) {
        Deadline::stop();
        loop.arm(*this, end);
    }
    void stop() {
        Deadline::stop();
        if (Timer::is_armed()) Timer::disarm();
    }

  private:
    void on_deadline() override { run(); }
    void run() override;

    Http1Exchange& exchange_;
};

}  // namespace girin
