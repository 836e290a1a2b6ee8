#pragma once

// Deadline: a moment after which a test stops waiting. eventually(): waits for a condition until then, without a fixed
// sleep. The rest of tests/support takes its limits as milliseconds and turns them into a Deadline here.
//
// For everything in tests/support, unless a comment says otherwise: a failure of the surroundings (no descriptor, no
// such program) throws std::runtime_error with action, object and reason; limits are milliseconds from the call;
// objects are used by one thread at a time.

#include <chrono>
#include <functional>
#include <string_view>

#include <gtest/gtest.h>

#include "girin/base/clock.hpp"

namespace girin::test {

using std::chrono::milliseconds;

/// How much longer everything may take in this build: sanitizers slow programs down.
extern const int kSlowBuildFactor;

class Deadline {
  public:
    /// `limit` from now, times kSlowBuildFactor.
    explicit Deadline(milliseconds limit);

    TimePoint at() const { return at_; }
    bool passed() const { return Clock::now() >= at_; }
    /// Never negative; rounded up, so that a wait of this length ends after the deadline.
    milliseconds remaining() const;
    /// For poll(): the time that remains, but at most `most`.
    int poll_timeout(milliseconds most = milliseconds{60'000}) const;

  private:
    TimePoint at_;
};

/// Waits until `condition` holds; true at once if it does already, false after `limit`. It is asked again after 1 ms,
/// then ever more seldom, every 20 ms in the end; and at once when `wake_fd` becomes readable (a pidfd, a socket; -1:
/// none).
bool wait_until(milliseconds limit, const std::function<bool()>& condition, int wake_fd = -1);

/// wait_until() as an assertion; `what` completes "still waiting after … for".
[[nodiscard]] testing::AssertionResult eventually(milliseconds limit, std::string_view what,
                                                  const std::function<bool()>& condition);

}  // namespace girin::test
