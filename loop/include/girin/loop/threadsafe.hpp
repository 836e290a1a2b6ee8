#pragma once

// run_coroutine_threadsafe: a coroutine for a loop from another thread, as asyncio's.

#include <future>
#include <memory>

#include "girin/loop/task.hpp"

namespace girin {

namespace detail {

/// A std::promise that is always kept: with LoopError where the loop went before the coroutine had ended.
template <class T>
class ThreadPromise {
  public:
    ThreadPromise() = default;
    ThreadPromise(ThreadPromise&& other) noexcept : promise_(std::move(other.promise_)), kept_(std::exchange(other.kept_, true)) {}
    ~ThreadPromise() {
        if (!kept_) fail(std::make_exception_ptr(LoopError("the event loop went before the coroutine had ended")));
    }

    std::future<T> future() { return promise_.get_future(); }
    void fail(std::exception_ptr failure) {
        kept_ = true;
        promise_.set_exception(std::move(failure));
    }
    void take_from(FutureState<T>& state) {
        kept_ = true;
        try {
            if constexpr (std::is_void_v<T>) {
                state.value();
                promise_.set_value();
            } else {
                promise_.set_value(value_for_one(state));
            }
        } catch (...) {
            promise_.set_exception(std::current_exception());
        }
    }

  private:
    std::promise<T> promise_;
    bool kept_ = false;
};

}  // namespace detail

/// Makes a task of `coroutine` on `loop`, and gives a future for this thread to wait for: never on the loop's own.
///
/// Errors, in the future: what the coroutine throws; Cancelled; LoopError when the loop goes before. Threads: any.
template <class T>
std::future<T> run_coroutine_threadsafe(Coro<T> coroutine, EventLoop& loop) {
    detail::ThreadPromise<T> promise;
    std::future<T> future = promise.future();
    loop.call_soon_threadsafe([&loop, work = std::move(coroutine), kept = std::move(promise)]() mutable {
        auto promised = std::make_shared<detail::ThreadPromise<T>>(std::move(kept));
        const Task<T> task = loop.create_task(std::move(work));
        task.add_done_callback([task, promised] { promised->take_from(*task.state()); });
    });
    return future;
}
/// The same for whatever else can be awaited.
template <Awaitable A>
auto run_coroutine_threadsafe(A awaitable, EventLoop& loop) {
    return run_coroutine_threadsafe(as_coro(std::move(awaitable)), loop);
}

}  // namespace girin
