#pragma once

// Leaving the terminal (--daemon): the process that was started waits until the server serves or has failed, tells
// it by exit code and sentence, and goes; what remains is a daemon without terminal, session leader or open standard
// streams.

#include <string>

#include "girin/base/unique_fd.hpp"
#include "supervisor/process/signals.hpp"

namespace girin {

/// The daemon's line back to the process that was started.
class DaemonNotice {
  public:
    /// Not a daemon: tell() does nothing.
    DaemonNotice() = default;
    explicit DaemonNotice(UniqueFd line) : line_(std::move(line)) {}

    /// The outcome of starting: exit code and, when it isn't 0, why. Only the first call counts. A daemon that ends
    /// without a word counts as failed.
    void tell(int exit_code, const std::string& sentence = {});
    void forget() { line_.reset(); }

  private:
    UniqueFd line_;
};

/// Returns in the daemon only, with standard streams at /dev/null. The starting process blocks until the outcome is
/// told, prints a failure's sentence to standard error and exits with the code; it takes signals as before
/// `blocked`, so that ^C ends the waiting. Errors: fork or pipe refused; then nothing has changed.
Result<DaemonNotice> daemonize_blocking(const SignalsBlocked& blocked);

}  // namespace girin
