#pragma once

// wait: several futures and tasks, of which one wants to know which are done; as asyncio.wait. It cancels nothing.

#include <deque>
#include <stdexcept>
#include <unordered_set>
#include <vector>

#include "girin/loop/any_future.hpp"
#include "girin/loop/delay.hpp"
#include "girin/loop/task.hpp"

namespace girin {

enum class ReturnWhen { first_completed, first_exception, all_completed };
inline constexpr ReturnWhen FIRST_COMPLETED = ReturnWhen::first_completed;
/// All, or the first that failed; a cancelled one doesn't count as failed.
inline constexpr ReturnWhen FIRST_EXCEPTION = ReturnWhen::first_exception;
inline constexpr ReturnWhen ALL_COMPLETED = ReturnWhen::all_completed;

/// Each in the order in which it was given.
template <class Handle>
struct WaitResult {
    std::vector<Handle> done;
    std::vector<Handle> pending;

    WaitResult() {}
};

namespace detail {

/// Watches a set of futures until enough of them are done.
class WaitSet {
  public:
    /// `limit` of Duration::max(): none.
    WaitSet(EventLoop& loop, const std::vector<FutureStateBase*>& futures, ReturnWhen when, Duration limit);
    WaitSet(const WaitSet&) = delete;
    WaitSet& operator=(const WaitSet&) = delete;

    const Future<void>& enough() const { return enough_; }

  private:
    class Watch final : public Runnable {
      public:
        Watch(WaitSet& owner, FutureStateBase& future) : owner_(owner), future_(future) {}
        void run() override { owner_.on_done(future_); }

      private:
        WaitSet& owner_;
        FutureStateBase& future_;
    };
    class Alarm final : public Timer {
      public:
        explicit Alarm(WaitSet& owner) : owner_(owner) {}
        void run() override { owner_.release(); }

      private:
        WaitSet& owner_;
    };

    void on_done(FutureStateBase& future);
    void release() {
        if (!enough_.done()) enough_.set_result();
    }

    const ReturnWhen when_;
    Future<void> enough_;
    std::deque<Watch> watches_;
    std::size_t pending_;
    Alarm alarm_{*this};
};

template <class A>
using HandleOf = decltype(ensure_future(std::declval<A>()));

/// Futures of them, each once.
template <class A>
std::vector<HandleOf<A>> handles_of(std::vector<A> awaitables) {
    std::vector<HandleOf<A>> handles;
    std::unordered_set<const void*> seen;
    for (A& one : awaitables) {
        HandleOf<A> handle = ensure_future(std::move(one));
        if (seen.insert(handle.state().get()).second) handles.push_back(std::move(handle));
    }
    return handles;
}

template <class Handle>
Coro<WaitResult<Handle>> wait_for_some(std::vector<Handle> handles, ReturnWhen when, Duration limit) {
    if (handles.empty()) throw std::invalid_argument("wait() waits for at least one");
    std::vector<FutureStateBase*> states;
    for (const Handle& handle : handles) states.push_back(handle.state().get());
    WaitSet set(EventLoop::running(), states, when, limit);
    co_await set.enough();
    WaitResult<Handle> result;
    for (Handle& handle : handles) (handle.done() ? result.done : result.pending).push_back(std::move(handle));
    co_return result;
}

}  // namespace detail

/// Waits until all of them are done, or as `when` says; then tells which are. A passed limit is no error.
///
/// Coroutines and the like become tasks, which the result names. Several kinds: a vector of AnyFuture.
/// Errors: std::invalid_argument for none. Cancel: raised; they go on.
template <Awaitable A>
auto wait(std::vector<A> awaitables, ReturnWhen when = ALL_COMPLETED) -> Coro<WaitResult<detail::HandleOf<A>>> {
    return detail::wait_for_some(detail::handles_of(std::move(awaitables)), when, Duration::max());
}
template <Awaitable A>
auto wait(std::vector<A> awaitables, Delay limit, ReturnWhen when = ALL_COMPLETED)
    -> Coro<WaitResult<detail::HandleOf<A>>> {
    return detail::wait_for_some(detail::handles_of(std::move(awaitables)), when, limit);
}

}  // namespace girin
