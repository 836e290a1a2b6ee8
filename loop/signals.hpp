#pragma once

// SignalWatch: signals as callbacks of the loop. For workers, after the fork; the master has its own way.

#include <functional>
#include <memory>

namespace girin {

class AsioLoop;

class SignalWatch {
  public:
    /// Calls `callback` in a turn of the loop each time `signal_number` arrives, until destroyed; the default action
    /// is then restored. Errors: std::system_error for one that can't be caught (SIGKILL, SIGSTOP).
    SignalWatch(AsioLoop& loop, int signal_number, std::function<void()> callback);
    SignalWatch(SignalWatch&&) noexcept;
    ~SignalWatch();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace girin
