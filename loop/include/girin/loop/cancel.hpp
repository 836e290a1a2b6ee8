#pragma once

// What cancellation and time limits look like to a coroutine: exceptions of their own kind.

#include <stdexcept>

namespace girin {

/// Raised at the `co_await` where a task stands when it is cancelled. On purpose not a std::exception, so that an
/// application's `catch (const std::exception&)` can't swallow it. Catching it lets the task go on (an edge, not a
/// level).
class Cancelled {};

/// A time limit of timeout.hpp has passed.
class TimeoutError : public std::runtime_error {
  public:
    TimeoutError() : std::runtime_error("timed out") {}
};

}  // namespace girin
