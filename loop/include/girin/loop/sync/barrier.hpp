#pragma once

// Barrier: tasks that wait for each other, a fixed number at a time, as asyncio.Barrier.

#include <cstddef>
#include <stdexcept>

#include "girin/loop/sync/condition.hpp"

namespace girin {

/// The barrier was reset or aborted while a task waited there, or is broken.
class BrokenBarrierError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

class Barrier {
  public:
    /// Errors: std::invalid_argument when there are no parties.
    explicit Barrier(std::size_t parties);

    std::size_t parties() const { return parties_; }
    /// Tasks that wait for the rest.
    std::size_t n_waiting() const { return state_ == State::filling ? count_ : 0; }
    bool broken() const { return state_ == State::broken; }

    /// Waits until `parties` tasks wait, and lets them all go on; each is told its number, from 0, in order of arrival.
    /// While the tasks of one round still leave, newcomers wait for the next.
    /// Errors: BrokenBarrierError. Cancel: a task that leaves early isn't counted; the barrier stays whole.
    Coro<std::size_t> wait();
    /// Who waits gets BrokenBarrierError; then the barrier is empty and whole.
    Coro<void> reset();
    /// Who waits, and all who will, get BrokenBarrierError, until a reset().
    Coro<void> abort();

  private:
    enum class State { filling, draining, resetting, broken };

    Coro<void> wait_to_enter();
    Coro<void> wait_for_the_rest();
    void leave();

    const std::size_t parties_;
    Condition changed_;
    State state_ = State::filling;
    std::size_t count_ = 0;
};

}  // namespace girin
