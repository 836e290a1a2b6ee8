#pragma once

// gather and its kin: several things at once, and their results in the order in which they were named; as
// asyncio.gather. Where an error is to end the rest, a TaskGroup or gather_or_cancel is better.

#include <deque>
#include <functional>
#include <tuple>
#include <variant>
#include <vector>

#include "girin/loop/settled.hpp"
#include "girin/loop/task.hpp"

namespace girin {

namespace detail {

enum class GatherMode {
    first_error,  // the first error is the end; the others go on
    settled,      // errors are results
    cancelling,   // the first error cancels the others; the end comes when all have ended
};

/// What a gather does, whatever it gathers.
class Gathering {
  public:
    Gathering(const Gathering&) = delete;
    Gathering& operator=(const Gathering&) = delete;

  protected:
    explicit Gathering(GatherMode mode) : mode_(mode) {}
    ~Gathering() = default;

    /// To be called once, when somebody holds the outer future, which holds the children. Errors: LoopError when a child is
    /// of another loop.
    void watch(FutureStateBase& outer, const std::vector<FutureStateBase*>& children);
    /// False: none of them can be cancelled.
    bool cancel_children();
    /// All have ended well enough: gives the results to the outer future.
    virtual void give_results() = 0;

  private:
    class Watch final : public Runnable {
      public:
        Watch(Gathering& owner, FutureStateBase& child) : owner_(owner), child_(child) {}
        void run() override { owner_.on_child_done(child_); }
        FutureStateBase& child() const { return child_; }

      private:
        Gathering& owner_;
        FutureStateBase& child_;
    };

    void on_child_done(FutureStateBase& child);
    void fail_at_once(std::exception_ptr failure);
    void finish();

    const GatherMode mode_;
    FutureStateBase* outer_ = nullptr;
    std::deque<Watch> watches_;
    std::size_t pending_ = 0;
    std::exception_ptr first_failure_;
    bool cancel_requested_ = false;
};

/// What stands in a tuple for nothing.
template <class T>
using Gathered = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
Gathered<T> gathered(FutureState<T>& state) {
    if constexpr (std::is_void_v<T>) {
        state.value();
        return {};
    } else {
        return value_for_one(state);
    }
}
template <class T>
Settled<T> settled(FutureState<T>& state) {
    if (state.cancelled()) return Settled<T>::failed(std::make_exception_ptr(Cancelled{}));
    if (std::exception_ptr failure = state.exception()) return Settled<T>::failed(std::move(failure));
    if constexpr (std::is_void_v<T>) {
        return Settled<T>::with();
    } else {
        return Settled<T>::with(value_for_one(state));
    }
}

template <class Result>
class GatherState : public FutureState<Result>, protected Gathering {
  public:
    GatherState(EventLoop& loop, GatherMode mode) : FutureState<Result>(loop), Gathering(mode) { this->set_produced(); }
    bool cancel() override {
        if (this->done()) {
            this->mark_retrieved();
            return false;
        }
        return cancel_children();
    }

};

template <bool AsSettled, class... T>
using TupleOf = std::conditional_t<AsSettled, std::tuple<Settled<T>...>, std::tuple<Gathered<T>...>>;

template <bool AsSettled, class... T>
class TupleGather final : public GatherState<TupleOf<AsSettled, T...>> {
  public:
    using Children = std::tuple<Ref<FutureState<T>>...>;

    TupleGather(EventLoop& loop, GatherMode mode, Children children)
        : GatherState<TupleOf<AsSettled, T...>>(loop, mode), children_(std::move(children)) {}
    void begin() {
        std::apply([this](auto&... child) { this->watch(*this, {child.get()...}); }, children_);
    }

  private:
    void give_results() override {
        set_result_of<TupleOf<AsSettled, T...>>(*this, [this] {
            return std::apply(
                [](auto&... child) {
                    if constexpr (AsSettled) {
                        return TupleOf<AsSettled, T...>(settled(*child)...);
                    } else {
                        return TupleOf<AsSettled, T...>(gathered(*child)...);
                    }
                },
                children_);
        });
    }

    Children children_;
};

template <class T>
using Listed = std::conditional_t<std::is_reference_v<T>, std::reference_wrapper<std::remove_reference_t<T>>, T>;
template <class T>
struct VectorResult {
    using Type = std::vector<Listed<T>>;
};
template <>
struct VectorResult<void> {
    using Type = void;
};
template <bool AsSettled, class T>
using VectorOf = typename std::conditional_t<AsSettled, VectorResult<Settled<T>>, VectorResult<T>>::Type;

template <bool AsSettled, class T>
class VectorGather final : public GatherState<VectorOf<AsSettled, T>> {
  public:
    VectorGather(EventLoop& loop, GatherMode mode, std::vector<Ref<FutureState<T>>> children)
        : GatherState<VectorOf<AsSettled, T>>(loop, mode), children_(std::move(children)) {}
    void begin() {
        std::vector<FutureStateBase*> watched;
        watched.reserve(children_.size());
        for (const auto& child : children_) watched.push_back(child.get());
        this->watch(*this, watched);
    }

  private:
    void give_results() override {
        set_result_of<VectorOf<AsSettled, T>>(*this, [this]() -> VectorOf<AsSettled, T> {
            if constexpr (!AsSettled && std::is_void_v<T>) {
                for (auto& child : children_) child->value();
            } else {
                VectorOf<AsSettled, T> results;
                results.reserve(children_.size());
                for (auto& child : children_) {
                    if constexpr (AsSettled) {
                        results.push_back(settled(*child));
                    } else {
                        results.push_back(gathered(*child));
                    }
                }
                return results;
            }
        });
    }

    std::vector<Ref<FutureState<T>>> children_;
};

template <class T>
Ref<FutureState<T>> state_of(const FutureHandle<T>& handle) {
    return handle.state();
}
template <class Children>
EventLoop& loop_of(const Children& children) {
    if constexpr (std::tuple_size_v<Children> == 0) {
        return EventLoop::running();
    } else {
        return std::get<0>(children)->loop();
    }
}

template <bool AsSettled, class... A>
auto gather_tuple(GatherMode mode, A... awaitables) {
    using State = TupleGather<AsSettled, AwaitedValue<A>...>;
    using Result = TupleOf<AsSettled, AwaitedValue<A>...>;
    // In braces, since tasks are to start in the order in which they are named.
    typename State::Children children{state_of<AwaitedValue<A>>(ensure_future(std::move(awaitables)))...};
    EventLoop& loop = loop_of(children);
    const Ref<State> state(new State(loop, mode, std::move(children)));
    state->begin();
    return Future<Result>(Ref<FutureState<Result>>(state));
}
template <bool AsSettled, class A, class T = AwaitedValue<A>>
Future<VectorOf<AsSettled, T>> gather_vector(GatherMode mode, std::vector<A> awaitables) {
    using State = VectorGather<AsSettled, T>;
    std::vector<Ref<FutureState<T>>> children;
    children.reserve(awaitables.size());
    for (A& one : awaitables) children.push_back(state_of<T>(ensure_future(std::move(one))));
    EventLoop& loop = children.empty() ? EventLoop::running() : children.front()->loop();
    const Ref<State> state(new State(loop, mode, std::move(children)));
    state->begin();
    return Future<VectorOf<AsSettled, T>>(Ref<FutureState<VectorOf<AsSettled, T>>>(state));
}

}  // namespace detail

/// Runs them all, and gives their results as a tuple (std::monostate for void), or as a vector; none: at once.
///
/// Coroutines and the like become tasks. The first error, or a child's cancellation, is raised at once; the others go on,
/// and what they throw counts as retrieved.
/// Cancel: all of them are cancelled; Cancelled is raised when all have ended. Threads: the loop's.
template <Awaitable... A>
[[nodiscard]] auto gather(A... awaitables) {
    return detail::gather_tuple<false>(detail::GatherMode::first_error, std::move(awaitables)...);
}
template <Awaitable A>
[[nodiscard]] auto gather(std::vector<A> awaitables) {
    return detail::gather_vector<false, A>(detail::GatherMode::first_error, std::move(awaitables));
}

/// As gather(), but waits for all, and gives how each has ended (gather with return_exceptions).
template <Awaitable... A>
[[nodiscard]] auto gather_settled(A... awaitables) {
    return detail::gather_tuple<true>(detail::GatherMode::settled, std::move(awaitables)...);
}
template <Awaitable A>
[[nodiscard]] auto gather_settled(std::vector<A> awaitables) {
    return detail::gather_vector<true, A>(detail::GatherMode::settled, std::move(awaitables));
}

/// As gather(), but the first that fails or is cancelled cancels the others, and is raised when all have ended. asyncio
/// has no such.
template <Awaitable... A>
[[nodiscard]] auto gather_or_cancel(A... awaitables) {
    return detail::gather_tuple<false>(detail::GatherMode::cancelling, std::move(awaitables)...);
}
template <Awaitable A>
[[nodiscard]] auto gather_or_cancel(std::vector<A> awaitables) {
    return detail::gather_vector<false, A>(detail::GatherMode::cancelling, std::move(awaitables));
}

}  // namespace girin
