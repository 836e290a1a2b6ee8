#pragma once

// Gate: stops new work and waits for old. As Seastar's gate: a piece of work holds a Pass; close() refuses further
// ones and is over when the last has been given back.

#include <stdexcept>

#include "girin/base/check.hpp"
#include "girin/loop/cancel.hpp"
#include "girin/loop/coro.hpp"
#include "girin/loop/event_loop.hpp"
#include "girin/loop/suspension.hpp"
#include "girin/loop/task.hpp"

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

    explicit Gate(EventLoop& loop) : loop_(loop) {}
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
        co_await Emptied(*this);
    }

  private:
    /// Not a Future: whoever gives up waiting must not give up for the others.
    class Emptied final : public Suspension {
      public:
        explicit Emptied(Gate& gate) : gate_(gate) {}
        bool await_ready() const noexcept { return gate_.inside_ == 0; }
        bool await_suspend(std::coroutine_handle<> awaiting) {
            if (!attach(awaiting)) return false;
            gate_.closers_.push_back(*this);
            return true;
        }
        void await_resume() {
            check_cancelled();
            if (cancelled_) throw Cancelled{};
        }

        /// It will run; the gate may be gone by then.
        void set_over() { over_ = true; }

      private:
        bool request_cancel() override {
            if (over_) return false;
            if (!cancelled_) {
                unlink();
                task()->loop().schedule(*this);
            }
            cancelled_ = true;
            return true;
        }

        Gate& gate_;
        bool cancelled_ = false;
        bool over_ = false;
    };

    void leave() {
        if (--inside_ > 0 || closers_.empty()) return;  // nobody waits: the loop may be gone
        for (Runnable& closer : closers_) static_cast<Emptied&>(closer).set_over();
        loop_.schedule_all(closers_);
    }

    EventLoop& loop_;
    std::size_t inside_ = 0;
    bool closed_ = false;
    RunnableList closers_;
};

}  // namespace girin
