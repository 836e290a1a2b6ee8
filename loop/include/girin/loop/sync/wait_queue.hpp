#pragma once

// WaitQueue: the tasks that wait for a primitive of sync/, first come, first served. Who is woken stays on it until it
// runs, as in asyncio: a newcomer sees that somebody is before it, and a task that is cancelled meanwhile can pass its
// wake-up on.

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <utility>

#include "girin/loop/loop_ref.hpp"
#include "girin/loop/suspension.hpp"

namespace girin::detail {

class WaitQueue;
struct WaitTag;
using WaitHook = boost::intrusive::list_base_hook<boost::intrusive::tag<WaitTag>,
                                                  boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// A task's place. Lives in the awaiting coroutine's frame; destroyed, it leaves.
class Waiter : public Suspension, public WaitHook {
  public:
    enum class Outcome {
        at_once,               // it has not waited
        woken,
        cancelled,
        cancelled_after_wake,  // the wake-up is to be passed on
    };

  protected:
    Waiter() = default;
    Waiter(Waiter&&) = default;
    ~Waiter() = default;

    /// For await_suspend. Errors: LoopError when tasks of another loop use the primitive.
    bool enqueue(WaitQueue& queue, std::coroutine_handle<> awaiting);
    /// For await_resume: the place is given up.
    Outcome leave();

  private:
    friend class WaitQueue;

    bool request_cancel() final;

    bool waited_ = false;
    bool woken_ = false;
    bool cancelled_ = false;
};

/// May be destroyed while tasks wait: they wait for ever then, or until they are cancelled. Not so a Condition, and what is
/// made of it: who waits for one takes its lock before it goes.
class WaitQueue {
  public:
    /// Wakes who has waited longest. False: nobody waits.
    bool wake_one();
    void wake_all() {
        while (wake_one()) {
        }
    }

    bool someone_waits() const { return !waiting_.empty(); }
    /// Woken, but has not run.
    bool someone_is_woken() const { return !woken_.empty(); }
    bool empty() const { return waiting_.empty() && woken_.empty(); }
    /// Counts: for tests and logs.
    std::size_t waiting() const { return waiting_.size(); }

  private:
    friend class Waiter;
    using List = boost::intrusive::list<Waiter, boost::intrusive::base_hook<WaitHook>,
                                        boost::intrusive::constant_time_size<false>>;

    void bind_to(EventLoop& loop);

    List waiting_;
    List woken_;
    LoopRef loop_;  // of who waited first
    bool bound_ = false;
};

/// `co_await primitive.acquire()`: what Lock and Semaphore have in common. The primitive has try_acquire(), waiters()
/// and on_resumed(Outcome), which throws Cancelled where the task was cancelled.
template <class Primitive>
class [[nodiscard]] AcquireAwaiter : public Waiter {
  public:
    explicit AcquireAwaiter(Primitive& primitive) : primitive_(primitive) {}
    AcquireAwaiter(AcquireAwaiter&&) = default;

    bool await_ready() { return primitive_.try_acquire(); }
    bool await_suspend(std::coroutine_handle<> awaiting) { return enqueue(primitive_.waiters(), awaiting); }
    void await_resume() { primitive_.on_resumed(leave()); }

  protected:
    Primitive& primitive_;
};

}  // namespace girin::detail

namespace girin {

/// What was acquired, until it goes out of scope: `const auto held = co_await lock.hold();` The primitive has give_back(),
/// a release() that doesn't throw: a loop that is closed destroys this also where a condition has released the lock.
template <class Primitive>
class [[nodiscard]] Held {
  public:
    explicit Held(Primitive& primitive) noexcept : primitive_(&primitive) {}
    Held(Held&& other) noexcept : primitive_(std::exchange(other.primitive_, nullptr)) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
        if (primitive_ != nullptr) primitive_->give_back();
    }

  private:
    Primitive* primitive_;
};

namespace detail {

template <class Primitive>
class [[nodiscard]] HoldAwaiter final : public AcquireAwaiter<Primitive> {
  public:
    using AcquireAwaiter<Primitive>::AcquireAwaiter;
    Held<Primitive> await_resume() {
        AcquireAwaiter<Primitive>::await_resume();
        return Held<Primitive>(this->primitive_);
    }
};

}  // namespace detail
}  // namespace girin
