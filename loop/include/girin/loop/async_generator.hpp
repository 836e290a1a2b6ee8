#pragma once

// AsyncGenerator<T>: a coroutine that gives one value after the other with `co_yield`, and may wait in between. Its body
// runs in the task that asks for the next: `const auto line = co_await lines.next(); if (!line) break;`

#include <optional>
#include <type_traits>
#include <utility>

#include "girin/loop/coro.hpp"
#include "girin/loop/event_loop.hpp"

namespace girin {

/// Raised at the `co_yield` where a generator stands when it is closed. On purpose not a std::exception.
class GeneratorExit {};

template <class T>
class AsyncGenerator;

namespace detail {

class GeneratorPromiseBase : public CoroPromiseBase, public OpenGenerator {
  public:
    /// Who asked for a value goes on.
    struct YieldAwaiter {
        GeneratorPromiseBase& promise;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<>) const noexcept { promise.hand_over(); }
        void await_resume() const {
            if (promise.closing_) throw GeneratorExit{};
        }
    };

    void return_void() const noexcept {}

    /// It goes on to its next `co_yield`, or to its end.
    class Step {
      public:
        Step(GeneratorPromiseBase& promise, bool closing);
        bool await_ready() const noexcept { return promise_.closed_ || promise_.handle_.done(); }
        template <class Promise>
        bool await_suspend(std::coroutine_handle<Promise> awaiting) const {
            unsigned depth = 0;
            if constexpr (std::derived_from<Promise, CoroPromiseBase>) depth = awaiting.promise().depth() + 1;
            return promise_.go_on(awaiting, depth);
        }
        void await_resume() const { promise_.check_end(); }

      private:
        GeneratorPromiseBase& promise_;
    };

    Coro<void> close() override;

  protected:
    void set_handle(std::coroutine_handle<> handle) noexcept { handle_ = handle; }

  private:
    // Static: a member's promise would be made from *this, which is a promise as well (C++20's aggregates in parentheses).
    static Coro<void> close_it(GeneratorPromiseBase* generator);
    void hand_over() noexcept;
    bool go_on(std::coroutine_handle<> awaiting, unsigned depth);
    void check_end();

    std::coroutine_handle<> handle_;
    bool begun_ = false;
    bool running_ = false;
    bool yielded_ = false;
    bool closing_ = false;
    bool closed_ = false;  // before it had begun
    bool failure_told_ = false;
};

template <class T>
class GeneratorPromise final : public GeneratorPromiseBase {
  public:
    AsyncGenerator<T> get_return_object() noexcept;
    YieldAwaiter yield_value(T value) {
        value_.emplace(std::move(value));
        return YieldAwaiter{*this};
    }
    std::optional<T> take_value() { return std::exchange(value_, std::nullopt); }

  private:
    std::optional<T> value_;
};

}  // namespace detail

/// Nothing runs before the first next(). Ends when its body does, or with what that throws.
///
/// Owns: its frame. Destroyed before its end, the frame goes at once: what its body does in destructors is done; clean-up
/// that awaits needs `co_await generator.aclose()`. (asyncio would close it later, which here would find dead references.)
/// One that is left when the loop is shut down by a Runner is closed by it.
template <class T>
class [[nodiscard]] AsyncGenerator {
  public:
    using promise_type = detail::GeneratorPromise<T>;

    AsyncGenerator() noexcept = default;
    explicit AsyncGenerator(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
    AsyncGenerator(AsyncGenerator&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    AsyncGenerator& operator=(AsyncGenerator&& other) noexcept {
        if (this != &other) {
            destroy();
            handle_ = std::exchange(other.handle_, {});
        }
        return *this;
    }
    ~AsyncGenerator() { destroy(); }

    /// The next value; none at the end, and from then on.
    /// Errors: what the body throws, once; LoopError when another task waits in it.
    Coro<std::optional<T>> next() {
        promise_type& promise = this->promise();
        detail::GeneratorPromiseBase::Step step(promise, false);
        co_await step;
        co_return promise.take_value();
    }
    /// Has GeneratorExit raised where it stands, so that it can clean up, and waits for its end.
    /// Errors: what the body throws in place of it; LoopError when it gives another value, or another task waits in it.
    Coro<void> aclose() { return promise().close(); }

  private:
    promise_type& promise() const {
        GIRIN_CHECK(handle_, "a generator that is used has not been moved from");
        return handle_.promise();
    }
    void destroy() {
        if (handle_) handle_.destroy();
    }

    std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
AsyncGenerator<T> GeneratorPromise<T>::get_return_object() noexcept {
    const auto handle = std::coroutine_handle<GeneratorPromise>::from_promise(*this);
    set_handle(handle);
    return AsyncGenerator<T>(handle);
}

}  // namespace detail
}  // namespace girin
