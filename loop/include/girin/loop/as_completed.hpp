#pragma once

// as_completed: several futures and tasks, one after the other as they are done; as asyncio's. It cancels nothing.

#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "girin/loop/cancel.hpp"
#include "girin/loop/sync/queue.hpp"
#include "girin/loop/wait.hpp"

namespace girin {

/// What as_completed() gives: `while (done.more()) { auto next = co_await done.next(); … }`. Dropped, it lets them go on.
template <class Handle>
class AsCompleted {
  public:
    AsCompleted(std::vector<Handle> handles, Duration limit) : state_(std::make_unique<State>(std::move(handles), limit)) {}

    /// Some have not been given yet.
    bool more() const { return state_->left > 0; }
    /// The next that is done, in the order in which they are. May be asked for by several.
    /// Errors: TimeoutError for each that isn't done in time; LoopError when there are no more.
    Coro<Handle> next() {
        if (!more()) throw LoopError("all that were to complete have been given");
        return take(*state_, Claim(state_->left));
    }

  private:
    class Watch final : public Runnable {
      public:
        Watch(Queue<std::optional<Handle>>& done, Handle handle) : done_(done), handle_(std::move(handle)) {
            handle_.state()->add_waiter(*this);
        }
        void run() override { done_.put_nowait(handle_); }

      private:
        Queue<std::optional<Handle>>& done_;
        const Handle handle_;
    };
    /// One is asked for; given back when that comes to nothing.
    class Claim {
      public:
        explicit Claim(std::size_t& left) : left_(&left) { --left; }
        Claim(Claim&& other) noexcept : left_(std::exchange(other.left_, nullptr)) {}
        ~Claim() {
            if (left_ != nullptr) ++*left_;
        }
        void fulfil() { left_ = nullptr; }

      private:
        std::size_t* left_;
    };
    struct State {
        State(std::vector<Handle> handles, Duration limit) : left(handles.size()), expected(left) {
            EventLoop& loop = EventLoop::running();
            for (Handle& handle : handles) {
                if (!handle.state()->is_of(loop)) throw LoopError("what is to complete belongs to the loop that runs");
                watches.emplace_back(done, std::move(handle));
            }
            if (limit != Duration::max()) loop.arm(alarm, later(loop.time(), limit));
        }
        class Alarm final : public Timer {
          public:
            explicit Alarm(State& owner) : owner_(owner) {}
            void run() override {
                owner_.watches.clear();
                for (std::size_t late = owner_.expected - owner_.done.qsize(); late > 0; --late) {
                    owner_.done.put_nowait(std::nullopt);
                }
            }

          private:
            State& owner_;
        };

        std::size_t left;      // that have not been asked for
        std::size_t expected;  // that have not been given
        Queue<std::optional<Handle>> done;
        std::deque<Watch> watches;
        Alarm alarm{*this};
    };

    static Coro<Handle> take(State& state, Claim claim) {
        std::optional<Handle> next = co_await state.done.get();
        claim.fulfil();
        --state.expected;
        if (!next) throw TimeoutError();
        co_return std::move(*next);
    }

    std::unique_ptr<State> state_;
};

/// Gives them as they complete. Coroutines and the like become tasks at once. Must outlive its next().
template <Awaitable A>
auto as_completed(std::vector<A> awaitables, Delay limit = Duration::max()) {
    return AsCompleted<detail::HandleOf<A>>(detail::handles_of(std::move(awaitables)), limit);
}

}  // namespace girin
