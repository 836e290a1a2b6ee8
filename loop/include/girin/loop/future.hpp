#pragma once

// Future<T>: a result that will come, as asyncio.Future: callbacks are never called inline, any number of tasks may
// await it, cancelling it cancels for all. Not here: Task<T>, a future that is produced by a coroutine (task.hpp).

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "girin/base/check.hpp"
#include "girin/loop/event_loop.hpp"
#include "girin/loop/loop_ref.hpp"
#include "girin/loop/ref_counted.hpp"
#include "girin/loop/suspension.hpp"

namespace girin {

/// set_result on a future that is done, result() on one that isn't.
class InvalidStateError : public std::logic_error {
  public:
    using std::logic_error::logic_error;
};

/// May outlive its loop: then nobody is told of its end.
class FutureStateBase : public RefCounted {
  public:
    explicit FutureStateBase(EventLoop& loop);
    ~FutureStateBase() override;

    EventLoop& loop() const {
        EventLoop* const loop = loop_.get();
        GIRIN_CHECK(loop != nullptr, "a future that is asked for its event loop has not outlived it");
        return *loop;
    }
    bool is_of(const EventLoop& loop) const { return loop_.get() == &loop; }
    bool done() const { return status_ != Status::pending; }
    bool cancelled() const { return status_ == Status::cancelled; }

    /// False when it is done already.
    virtual bool cancel();
    /// `exception`: not null. Errors: InvalidStateError when it is done already.
    void set_exception(std::exception_ptr exception);
    /// The exception it ended with, or none. Errors: InvalidStateError while pending; Cancelled.
    std::exception_ptr exception();

    /// `waiter` is scheduled once when the future is done: in the next turn if it is done already.
    void add_waiter(Runnable& waiter);
    Handle add_done_callback(std::function<void()> callback);
    /// Nobody will be told of its end: who waits is taken off, callbacks are destroyed.
    void drop_waiters() noexcept;

    /// Throws what the future ended with, if it was not a value. Counts as retrieved.
    void check_value();
    /// The exception it ended with, or none; asking leaves it unretrieved.
    std::exception_ptr peek_failure() const;
    void mark_retrieved();
    /// What it ends with, now or later, counts as retrieved.
    void ignore_failure() {
        failure_ignored_ = true;
        mark_retrieved();
    }
    /// For who sets a result by hand. Errors: LoopError for a task, whose coroutine gives it.
    void check_settable() const;

  protected:
    enum class Status : unsigned char { pending, finished, cancelled };

    /// Its end comes from a coroutine.
    void set_produced() { produced_ = true; }
    void require_pending() const;
    void finish(Status status);
    /// For destructors: an exception that nobody has asked for is to be told to the loop's handler.
    bool has_unretrieved() const { return failure_ && !exception_retrieved_; }
    void report_unretrieved(const std::string& who) noexcept;
    /// What it is, in a sentence.
    virtual std::string description() const { return "Future"; }

  private:
    // An exception that nobody has asked for after so long is told, though somebody still holds the future.
    static constexpr Duration kUnretrievedGrace = std::chrono::seconds(5);

    class Failure;

    // First, as they find room behind RefCounted's count.
    Status status_ = Status::pending;
    bool exception_retrieved_ = true;
    bool failure_ignored_ = false;
    bool produced_ = false;
    const LoopRef loop_;
    RunnableList waiters_;
    std::unique_ptr<Failure> failure_;
};

template <class T>
class FutureState : public FutureStateBase {
  public:
    using FutureStateBase::FutureStateBase;

    /// Errors: InvalidStateError when it is done already; what moving T throws: then it is still pending.
    void set_result(T value) {
        require_pending();
        value_.emplace(std::move(value));
        finish(Status::finished);
    }
    T& value() {
        check_value();
        return *value_;
    }

  private:
    std::optional<T> value_;
};

/// The reference's object lives elsewhere.
template <class T>
class FutureState<T&> : public FutureStateBase {
  public:
    using FutureStateBase::FutureStateBase;

    void set_result(T& value) {
        require_pending();
        value_ = &value;
        finish(Status::finished);
    }
    T& value() {
        check_value();
        return *value_;
    }

  private:
    T* value_ = nullptr;
};

template <>
class FutureState<void> : public FutureStateBase {
  public:
    using FutureStateBase::FutureStateBase;

    void set_result() {
        require_pending();
        finish(Status::finished);
    }
    void value() { check_value(); }
};

namespace detail {

class FutureAwaiterBase : public Suspension {
  public:
    explicit FutureAwaiterBase(FutureStateBase& state) : state_base_(state) {}
    bool await_ready() const { return state_base_.done(); }
    void await_suspend(std::coroutine_handle<> awaiting);

  protected:
    bool request_cancel() override { return state_base_.cancel(); }
    void finish_wait() { check_cancelled_late(); }

  private:
    FutureStateBase& state_base_;
};

/// The value for one of those who hold the state: moved where nobody else can ask for it, or where it can't be copied.
template <class T>
T value_for_one(FutureState<T>& state) {
    if constexpr (std::is_void_v<T> || std::is_reference_v<T>) {
        return state.value();
    } else if constexpr (std::is_copy_constructible_v<T>) {
        T& value = state.value();
        if (state.references() > 1) return value;
        return std::move(value);
    } else {
        return std::move(state.value());
    }
}

/// What `make()` gives becomes its result; what it throws, or the result's copy or move, its exception.
template <class T, class Make>
void set_result_of(FutureState<T>& state, Make make) {
    try {
        if constexpr (std::is_void_v<T>) {
            make();
            state.set_result();
        } else {
            state.set_result(make());
        }
    } catch (...) {
        state.set_exception(std::current_exception());
    }
}

/// `Moves`: the awaited handle was a temporary, so its value may be taken where nobody else can ask for it.
template <class T, bool Moves>
class FutureAwaiter final : public FutureAwaiterBase {
  public:
    explicit FutureAwaiter(Ref<FutureState<T>> state) : FutureAwaiterBase(*state), state_(std::move(state)) {}

    std::conditional_t<Moves || std::is_void_v<T>, T, std::add_lvalue_reference_t<const T>> await_resume() {
        finish_wait();
        if constexpr (!Moves && !std::is_void_v<T>) {
            return state_->value();
        } else {
            return value_for_one(*state_);
        }
    }

  private:
    Ref<FutureState<T>> state_;
};

/// What Future and Task have in common: a handle; copies name the same state.
template <class T>
class FutureHandle {
  public:
    FutureHandle() = default;
    explicit FutureHandle(Ref<FutureState<T>> state) : state_(std::move(state)) {}

    /// False for one made without a loop, and one that was moved from: all but this is a bug on such.
    explicit operator bool() const { return static_cast<bool>(state_); }
    bool done() const { return state()->done(); }
    bool cancelled() const { return state()->cancelled(); }
    /// Asks for cancellation. False when it is done already.
    bool cancel() const { return state()->cancel(); }

    /// Errors: InvalidStateError while pending; Cancelled; what it ended with.
    decltype(auto) result() const { return state()->value(); }
    std::exception_ptr exception() const { return state()->exception(); }
    /// Calls `callback` in the turn after it is done; several in order of registration. Never called if the future
    /// dies pending, or its loop. The handle takes it back (asyncio's remove_done_callback).
    Handle add_done_callback(std::function<void()> callback) const {
        return state()->add_done_callback(std::move(callback));
    }
    /// They name the same future.
    friend bool operator==(const FutureHandle& a, const FutureHandle& b) noexcept { return a.state_ == b.state_; }

    FutureAwaiter<T, false> operator co_await() const& { return FutureAwaiter<T, false>(state()); }
    FutureAwaiter<T, true> operator co_await() && {
        state();
        return FutureAwaiter<T, true>(std::move(state_));
    }

    const Ref<FutureState<T>>& state() const {
        GIRIN_CHECK(state_, "a future that is used was made for a loop, and has not been moved from");
        return state_;
    }

  protected:
    Ref<FutureState<T>> state_;
};

}  // namespace detail

/// A future whose result is set by hand. Threads: the loop's (set results from others through call_soon_threadsafe).
template <class T>
class Future : public detail::FutureHandle<T> {
  public:
    using detail::FutureHandle<T>::FutureHandle;
    explicit Future(EventLoop& loop) : detail::FutureHandle<T>(Ref<FutureState<T>>(new FutureState<T>(loop))) {}
    /// A task is a future: of its result, which can't be set.
    Future(const detail::FutureHandle<T>& other) : detail::FutureHandle<T>(other) {}

    /// Errors: InvalidStateError when it is done already; LoopError when it is a task.
    template <class... Value>
    void set_result(Value&&... value) const {
        this->state()->check_settable();
        this->state()->set_result(std::forward<Value>(value)...);
    }
    /// As set_result; `exception` is not null.
    void set_exception(std::exception_ptr exception) const {
        this->state()->check_settable();
        this->state()->set_exception(std::move(exception));
    }
};

}  // namespace girin
