#include "tests/support/deadline.hpp"

#include <poll.h>

#include <algorithm>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GIRIN_SLOW_BUILD 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GIRIN_SLOW_BUILD 1
#endif

namespace girin::test {

#ifdef GIRIN_SLOW_BUILD
const int kSlowBuildFactor = 4;
#else
const int kSlowBuildFactor = 1;
#endif

Deadline::Deadline(milliseconds limit) : at_(Clock::now() + limit * kSlowBuildFactor) {}

milliseconds Deadline::remaining() const {
    const auto left = std::chrono::ceil<milliseconds>(at_ - Clock::now());
    return std::max(left, milliseconds{0});
}

int Deadline::poll_timeout(milliseconds most) const {
    return static_cast<int>(std::min(remaining(), most).count());
}

bool wait_until(milliseconds limit, const std::function<bool()>& condition, int wake_fd) {
    const Deadline deadline(limit);
    milliseconds pause{1};
    while (!condition()) {
        if (deadline.passed()) return false;
        pollfd wake{wake_fd, POLLIN, 0};  // a negative descriptor is ignored: then only the time counts
        const int ready = ::poll(&wake, 1, deadline.poll_timeout(pause));
        // A descriptor that stays readable (an ended process) must not make this a busy loop.
        if (ready > 0) wake_fd = -1;
        pause = std::min(pause * 2, milliseconds{20});
    }
    return true;
}

testing::AssertionResult eventually(milliseconds limit, std::string_view what,
                                    const std::function<bool()>& condition) {
    const auto start = Clock::now();
    if (wait_until(limit, condition)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "still waiting after " << to_text(Clock::now() - start) << " for " << what;
}

}  // namespace girin::test
