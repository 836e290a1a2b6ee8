#pragma once

// Coro<T>: the coroutine type everything is written in. Lazy: nothing runs until it is awaited, or made a task;
// awaiting one runs it inline, in the awaiting task, without a turn of the loop, and on a bounded piece of the stack
// however it is compiled. Not here: tasks (task.hpp) and waiting (suspension.hpp).

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "girin/base/check.hpp"
#include "girin/loop/frame_pool.hpp"

namespace girin {

template <class T>
class Coro;

namespace detail {

/// Has the task that runs resume `next` as soon as what runs now has suspended, from the bottom of the stack. False: no
/// task runs, or it has one to resume already.
bool resume_next(std::coroutine_handle<> next) noexcept;

class CoroPromiseBase {
  public:
    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept { free_frame(frame, bytes); }

    /// Whoever awaits goes on: at once, inside its await_suspend, where this coroutine has never waited (it has no
    /// continuation then); else from the bottom of the stack. Neither needs a tail call, which only optimised code has.
    struct FinalAwaiter {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
            const std::coroutine_handle<> continuation = finished.promise().continuation_;
            if (continuation && !resume_next(continuation)) continuation.resume();
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalAwaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { exception_ = std::current_exception(); }

    /// To be called when it has been resumed and isn't done: who is resumed at its end.
    void set_continuation(std::coroutine_handle<> continuation) noexcept { continuation_ = continuation; }
    std::coroutine_handle<> continuation() const noexcept { return continuation_; }
    const std::exception_ptr& exception() const noexcept { return exception_; }

    /// It is to be run, `depth` coroutines deep on the stack.
    void start(unsigned depth) {
        GIRIN_CHECK(!started_, "a Coro is awaited, or made a task, once");
        started_ = true;
        set_depth(depth);
    }
    unsigned depth() const noexcept { return depth_; }

  protected:
    void set_depth(unsigned depth) noexcept { depth_ = static_cast<std::uint16_t>(depth); }
    void rethrow_if_failed() const {
        if (exception_) std::rethrow_exception(exception_);
    }

  private:
    std::coroutine_handle<> continuation_;
    std::exception_ptr exception_;
    std::uint16_t depth_ = 0;
    bool started_ = false;
};

// Coroutines that run inside of each other on the stack; a deeper one starts at its bottom again.
inline constexpr unsigned kInlineDepth = 100;

/// Runs a coroutine for the one that awaits it.
template <class ChildPromise>
struct CoroAwaiterBase {
    std::coroutine_handle<ChildPromise> handle;

    bool await_ready() const noexcept { return false; }

    /// False: it has ended already.
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> awaiting) const {
        ChildPromise& child = handle.promise();
        unsigned depth = 0;
        if constexpr (std::derived_from<Promise, CoroPromiseBase>) depth = awaiting.promise().depth() + 1;
        child.start(depth < kInlineDepth ? depth : 0);
        if (depth < kInlineDepth || !resume_next(handle)) {
            handle.resume();
            if (handle.done()) return false;
        }
        child.set_continuation(awaiting);
        return true;
    }
};

template <class T>
class CoroPromise final : public CoroPromiseBase {
  public:
    Coro<T> get_return_object() noexcept;

    template <class U = T>
        requires std::is_constructible_v<T, U&&>
    void return_value(U&& value) {
        value_.emplace(std::forward<U>(value));
    }

    T take_result() {
        rethrow_if_failed();
        return std::move(*value_);
    }

  private:
    std::optional<T> value_;
};

template <class T>
class CoroPromise<T&> final : public CoroPromiseBase {
  public:
    Coro<T&> get_return_object() noexcept;
    void return_value(T& value) noexcept { value_ = &value; }
    T& take_result() {
        rethrow_if_failed();
        return *value_;
    }

  private:
    T* value_ = nullptr;
};

template <>
class CoroPromise<void> final : public CoroPromiseBase {
  public:
    Coro<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void take_result() const { rethrow_if_failed(); }
};

}  // namespace detail

/// A coroutine that will give a T. Awaited at most once, which is checked; destroyed unawaited it never runs.
///
/// Owns: its frame. Arguments taken by reference must outlive the await. Never make a capturing lambda a coroutine: the
/// captures die with the lambda, not with the frame; pass them as arguments.
template <class T = void>
class [[nodiscard("a Coro does nothing until it is awaited or made a task")]] Coro {
  public:
    using promise_type = detail::CoroPromise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    Coro() noexcept = default;
    explicit Coro(Handle handle) noexcept : handle_(handle) {}
    Coro(Coro&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Coro& operator=(Coro&& other) noexcept {
        if (this != &other) {
            destroy();
            handle_ = std::exchange(other.handle_, {});
        }
        return *this;
    }
    ~Coro() { destroy(); }

    explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
    Handle handle() const noexcept { return handle_; }

    auto operator co_await() && noexcept {
        struct Awaiter : detail::CoroAwaiterBase<promise_type> {
            T await_resume() const { return this->handle.promise().take_result(); }
        };
        GIRIN_CHECK(handle_, "a Coro that is awaited has not been moved from");
        return Awaiter{{handle_}};
    }

  private:
    void destroy() {
        if (handle_) handle_.destroy();
    }

    Handle handle_;
};

namespace detail {

template <class T>
Coro<T> CoroPromise<T>::get_return_object() noexcept {
    return Coro<T>(std::coroutine_handle<CoroPromise>::from_promise(*this));
}
template <class T>
Coro<T&> CoroPromise<T&>::get_return_object() noexcept {
    return Coro<T&>(std::coroutine_handle<CoroPromise>::from_promise(*this));
}
inline Coro<void> CoroPromise<void>::get_return_object() noexcept {
    return Coro<void>(std::coroutine_handle<CoroPromise>::from_promise(*this));
}

}  // namespace detail
}  // namespace girin
