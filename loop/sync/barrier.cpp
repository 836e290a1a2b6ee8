#include "girin/loop/sync/barrier.hpp"

namespace girin {

Barrier::Barrier(std::size_t parties) : parties_(parties) {
    if (parties == 0) throw std::invalid_argument("a barrier is for at least one");
}

Coro<std::size_t> Barrier::wait() {
    const Held<Lock> held = co_await changed_.hold();
    co_await wait_to_enter();
    const std::size_t index = count_++;
    std::exception_ptr failure;
    try {
        if (count_ == parties_) {
            state_ = State::draining;
            changed_.notify_all();
        } else {
            co_await wait_for_the_rest();
        }
    } catch (...) {
        failure = std::current_exception();
    }
    leave();
    if (failure) std::rethrow_exception(failure);
    co_return index;
}

Coro<void> Barrier::wait_to_enter() {
    while (state_ == State::draining || state_ == State::resetting) co_await changed_.wait();
    if (state_ == State::broken) throw BrokenBarrierError("the barrier is broken");
}

Coro<void> Barrier::wait_for_the_rest() {
    while (state_ == State::filling) co_await changed_.wait();
    if (state_ != State::draining) throw BrokenBarrierError("the barrier was reset or aborted");
}

/// The last one out makes it whole again, unless it was aborted.
void Barrier::leave() {
    if (--count_ > 0) return;
    if (state_ != State::broken) state_ = State::filling;
    changed_.notify_all();
}

Coro<void> Barrier::reset() {
    const Held<Lock> held = co_await changed_.hold();
    state_ = count_ > 0 ? State::resetting : State::filling;
    changed_.notify_all();
}

Coro<void> Barrier::abort() {
    const Held<Lock> held = co_await changed_.hold();
    state_ = State::broken;
    changed_.notify_all();
}

}  // namespace girin
