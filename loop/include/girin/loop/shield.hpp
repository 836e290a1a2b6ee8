#pragma once

// shield: who waits can be cancelled, what is waited for goes on; as asyncio.shield.

#include "girin/loop/settled.hpp"
#include "girin/loop/task.hpp"

namespace girin {

namespace detail {

template <class T>
class ShieldState final : public FutureState<T> {
  public:
    explicit ShieldState(Ref<FutureState<T>> inner) : FutureState<T>(inner->loop()), inner_(std::move(inner)) {
        this->set_produced();
        inner_->add_waiter(done_);
    }

  private:
    class Done final : public Runnable {
      public:
        explicit Done(ShieldState& owner) : owner_(owner) {}
        void run() override { owner_.on_inner_done(); }

      private:
        ShieldState& owner_;
    };

    void on_inner_done() {
        if (this->done()) return;  // what inner ended with is its own to report
        if (inner_->cancelled()) {
            this->cancel();
        } else if (std::exception_ptr failure = inner_->exception()) {
            this->set_exception(std::move(failure));
        } else {
            set_result_of<T>(*this, [this]() -> T { return value_for_one(*inner_); });
        }
    }

    Ref<FutureState<T>> inner_;
    Done done_{*this};
};

}  // namespace detail

/// A future of the same result: cancelling it, or who awaits it, leaves what is shielded alone. A coroutine or the like
/// becomes a task. What is done already is returned as it is. An error after the cancel is reported as one that nobody
/// has retrieved.
template <Awaitable A>
[[nodiscard]] Future<AwaitedValue<A>> shield(A awaitable) {
    using T = AwaitedValue<A>;
    const Future<T> inner = ensure_future(std::move(awaitable));
    if (inner.done()) return inner;
    return Future<T>(Ref<FutureState<T>>(new detail::ShieldState<T>(inner.state())));
}

}  // namespace girin
