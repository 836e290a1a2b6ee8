#pragma once

// AnyFuture: a future or a task without the type of its result, for sets of several kinds.

#include "girin/loop/future.hpp"

namespace girin {

class AnyFuture {
  public:
    AnyFuture() = default;
    template <class T>
    AnyFuture(const detail::FutureHandle<T>& future) : state_(future.state()) {}
    explicit AnyFuture(Ref<FutureStateBase> state) : state_(std::move(state)) {}

    explicit operator bool() const { return static_cast<bool>(state_); }
    bool done() const { return state()->done(); }
    bool cancelled() const { return state()->cancelled(); }
    bool cancel() const { return state()->cancel(); }
    std::exception_ptr exception() const { return state()->exception(); }
    Handle add_done_callback(std::function<void()> callback) const {
        return state()->add_done_callback(std::move(callback));
    }
    friend bool operator==(const AnyFuture& a, const AnyFuture& b) noexcept { return a.state_ == b.state_; }

    /// Waits for its end. Errors: what it ended with, if that is no value.
    auto operator co_await() const {
        class EndAwaiter final : public detail::FutureAwaiterBase {
          public:
            explicit EndAwaiter(Ref<FutureStateBase> state) : FutureAwaiterBase(*state), state_(std::move(state)) {}
            void await_resume() {
                finish_wait();
                state_->check_value();
            }

          private:
            Ref<FutureStateBase> state_;
        };
        return EndAwaiter(state());
    }

    const Ref<FutureStateBase>& state() const {
        GIRIN_CHECK(state_, "a future that is used was made for a loop, and has not been moved from");
        return state_;
    }

  private:
    Ref<FutureStateBase> state_;
};

inline AnyFuture ensure_future(AnyFuture future) { return future; }

}  // namespace girin
