#pragma once

// AsioLoop: the loop of life. It waits in Boost.Asio's reactor, so that every Asio object can be used on it
// (io_context(), use_loop.hpp); its own descriptors (net/) stand on that reactor too.

#include "girin/asio/namespace.hpp"

#include <memory>

#include "girin/asio/inside.hpp"
#include "girin/loop/event_loop.hpp"

namespace boost::asio {
class io_context;
}

namespace girin {

class Guest;

/// May be derived from, for another clock (now) and another way to wait (select): such a loop calls
/// close_from_destructor() in its own destructor.
class AsioLoop : public EventLoop {
  public:
    /// Errors: std::system_error when the system has no descriptors or memory left.
    AsioLoop();
    ~AsioLoop() override;

    /// For Asio's own objects. Never run it: the loop does. Its stop() stops the loop. Don't post to it what must keep
    /// order with call_soon.
    boost::asio::io_context& io_context() noexcept;

  protected:
    void select(std::optional<TimePoint> until) override;

  private:
    friend class Guest;

    void wake_up() noexcept override;
    void run_ended() noexcept override;
#if !GIRIN_ASIO_INSIDE
    /// For Guest: somebody else runs the io_context, and `bell`, an eventfd, is rung in place of waking it. -1: no
    /// more.
    void lend(int bell) noexcept;
#endif

    Guest* guest_ = nullptr;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace girin
