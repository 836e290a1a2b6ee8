#pragma once

// Coro<T>: the coroutine type everything is written in. Lazy: nothing runs until it is awaited, or made a task;
// awaiting one runs it inline, in the awaiting task, without a turn of the loop. Not here: tasks (task.hpp) and
// waiting (suspension.hpp).

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "loop/frame_pool.hpp"

namespace girin {

template <class T>
class Coro;

namespace detail {

class CoroPromiseBase {
  public:
    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept { free_frame(frame, bytes); }

    struct FinalAwaiter {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
            return finished.promise().continuation_;
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalAwaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { exception_ = std::current_exception(); }

    void set_continuation(std::coroutine_handle<> continuation) noexcept { continuation_ = continuation; }
    const std::exception_ptr& exception() const noexcept { return exception_; }

  protected:
    void rethrow_if_failed() const {
        if (exception_) std::rethrow_exception(exception_);
    }

  private:
    std::coroutine_handle<> continuation_ = std::noop_coroutine();
    std::exception_ptr exception_;
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

/// A coroutine that will give a T. Awaited at most once; destroyed unawaited it never runs.
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
        struct Awaiter {
            Handle handle;
            bool await_ready() const noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
                handle.promise().set_continuation(awaiting);
                return handle;
            }
            T await_resume() const { return handle.promise().take_result(); }
        };
        return Awaiter{handle_};
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
