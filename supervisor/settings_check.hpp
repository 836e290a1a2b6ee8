#pragma once

// A check that runs in a child of its own, so that neither a crash nor a hang in it hurts the master: the first step of a
// reload. The master watches two descriptors meanwhile and goes on with its work.

#include <functional>
#include <optional>
#include <string>

#include "supervisor/os.hpp"

namespace girin {

class SettingsCheck {
  public:
    /// Runs `check` in a child. `leave_master` is called there first, to let go of what only the master may hold. Errors: no
    /// more processes or descriptors.
    static Result<SettingsCheck> start(Os& os, const std::function<void()>& leave_master,
                                       const std::function<Result<void>()>& check);

    pid_t pid() const { return child_.pid; }
    /// Readable once the check has ended, one way or the other.
    int pidfd() const { return child_.pidfd.get(); }

    /// The outcome, once; nothing while it still runs. A check that crashed has failed, and the error says how.
    std::optional<Result<void>> poll_outcome(Os& os);
    /// Ends a check that takes too long; poll_outcome() tells it once it has ended.
    void give_up(Os& os, std::string why);

  private:
    ForkedChild child_;
    UniqueFd report_;
    std::string given_up_;
};

}  // namespace girin
