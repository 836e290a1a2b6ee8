#pragma once

// SignalWatch: signals as callbacks of the loop. For workers, after the fork; the master has its own way.

#include <functional>
#include <memory>

namespace girin {

class AsioLoop;

class SignalWatch {
  public:
    /// Calls `callback` in a turn of the loop each time `signal_number` arrives (several that come at once count as one),
    /// until destroyed; with the last watch the default action is restored. May outlive its loop, and then hears nothing.
    /// Fork: a child has the default action, and may watch for itself.
    /// Errors: std::system_error for one that can't be caught (SIGKILL, SIGSTOP), and when kMostPerSignal watches stand.
    SignalWatch(AsioLoop& loop, int signal_number, std::function<void()> callback);
    SignalWatch(SignalWatch&&) noexcept;
    ~SignalWatch();

    /// Of one signal, in one process.
    static constexpr int kMostPerSignal = 8;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

namespace detail {
/// In a forked child: the default action for all that is watched.
void forget_signal_watches() noexcept;
}  // namespace detail

}  // namespace girin
