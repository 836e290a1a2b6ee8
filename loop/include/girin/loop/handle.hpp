#pragma once

// Handle: a callback that was handed to the loop, as its owner can still cancel it.

#include <utility>

#include "girin/loop/context.hpp"
#include "girin/loop/ref_counted.hpp"
#include "girin/loop/timer_heap.hpp"

namespace girin {

namespace detail {

/// A scheduled callback, in the context of who made it. The loop keeps one reference from scheduling until it ran or was
/// cancelled.
class Callback : public RefCounted, public Timer {
  public:
    void run() final {
        const Ref<Callback> kept(this, false);  // takes over the loop's reference
        const Context::Scope scope(context_);
        call();
    }
    void cancel() {
        if (cancelled_) return;
        cancelled_ = true;
        const bool pending = is_armed() || is_scheduled();
        disarm();
        drop();
        if (pending) intrusive_ptr_release(this);
    }
    bool cancelled() const { return cancelled_; }

  protected:
    virtual void call() = 0;
    /// Destroys what the callback captured.
    virtual void drop() = 0;

  private:
    Context context_ = Context::current();
    bool cancelled_ = false;
};

template <class F>
class CallbackOf final : public Callback {
  public:
    explicit CallbackOf(F&& function) : function_(std::move(function)) {}
    ~CallbackOf() override { drop(); }

  private:
    void call() override {
        F function = std::move(function_);  // it may cancel itself, which drops what is kept here
        drop();
        std::move(function)();
    }
    void drop() override {
        if (std::exchange(live_, false)) function_.~F();
    }

    union {
        F function_;
    };
    bool live_ = true;
};

/// Takes everything off `list`; callbacks among it are destroyed uncalled.
inline void drop_all(RunnableList& list) noexcept {
    while (!list.empty()) {
        auto* const callback = dynamic_cast<Callback*>(&list.front());
        list.pop_front();
        if (callback != nullptr) intrusive_ptr_release(callback);
    }
}

}  // namespace detail

/// Returned by call_soon, call_later and call_at. Copies name the same callback; dropping them all cancels nothing.
class Handle {
  public:
    Handle() = default;
    explicit Handle(Ref<detail::Callback> callback) : callback_(std::move(callback)) {}

    /// The callback will not run; what it captured is destroyed now. Twice, or after it ran, does nothing.
    void cancel() {
        if (callback_) callback_->cancel();
    }
    bool cancelled() const { return callback_ && callback_->cancelled(); }
    /// The deadline of call_later and call_at.
    TimePoint when() const { return callback_ ? callback_->when() : TimePoint{}; }

  private:
    Ref<detail::Callback> callback_;
};

}  // namespace girin
