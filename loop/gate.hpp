#pragma once

// Gate: stops new work and waits for old. As Seastar's gate: a piece of work holds a Pass; close() refuses further ones and
// is over when the last has been given back.

#include <stdexcept>

#include "loop/base/check.hpp"
#include "loop/coro.hpp"
#include "loop/future.hpp"

namespace girin {

class GateClosedError : public std::runtime_error {
  public:
    GateClosedError() : std::runtime_error("the gate is closed") {}
};

class Gate {
  public:
    class Pass {
      public:
        Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
        Pass& operator=(Pass&&) = delete;
        ~Pass() {
            if (gate_ != nullptr) gate_->leave();
        }

      private:
        friend class Gate;
        explicit Pass(Gate& gate) : gate_(&gate) {}
        Gate* gate_;
    };

    explicit Gate(EventLoop& loop) : empty_(loop) {}
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;
    ~Gate() { GIRIN_CHECK(inside_ == 0, "a gate is destroyed while work is inside"); }

    /// Errors: GateClosedError after close() has begun.
    Pass enter() {
        if (closed_) throw GateClosedError();
        ++inside_;
        return Pass(*this);
    }
    std::size_t inside() const { return inside_; }
    bool is_closed() const { return closed_; }

    /// Refuses new work from now on, and waits until none is inside. May be called again, and by several.
    /// Cancel: the gate stays closed; the work goes on.
    Coro<void> close() {
        closed_ = true;
        while (inside_ > 0) {
            if (empty_.done()) empty_ = Future<void>(empty_.state()->loop());
            co_await empty_;
        }
    }

  private:
    void leave() {
        if (--inside_ == 0 && closed_ && !empty_.done()) empty_.set_result();
    }

    std::size_t inside_ = 0;
    bool closed_ = false;
    Future<void> empty_;
};

}  // namespace girin
