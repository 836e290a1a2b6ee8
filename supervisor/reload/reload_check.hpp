#pragma once

// A check that runs in a child of its own, so that neither a crash nor a hang in it hurts the master: the first step
// of a reload. The master watches two descriptors meanwhile and goes on with its work.

#include <functional>
#include <optional>
#include <string>

#include "supervisor/process/os.hpp"

namespace girin {

struct CheckOutcome {
    bool passed = false;
    std::string text;  // what it found out, or why it failed

    static CheckOutcome pass(std::string answer) { return {true, std::move(answer)}; }
    static CheckOutcome fail(std::string reason) { return {false, std::move(reason)}; }
};

class ReloadCheck {
  public:
    /// Runs `check` in a child; the first kLongestAnswer bytes of its text come through. `leave_master` is called
    /// there first, to let go of what only the master may hold. Errors: no more processes or descriptors.
    static Result<ReloadCheck> start(Os& os, const std::function<void()>& leave_master,
                                       const std::function<CheckOutcome()>& check);

    static constexpr std::size_t kLongestAnswer = 60'000;  // fits a pipe, so the child never waits for the master to read

    pid_t pid() const { return child_.pid; }
    /// Readable once the check has ended, one way or the other.
    int pidfd() const { return child_.pidfd.get(); }

    /// The outcome, nothing while it still runs; not to be asked again after that. A check that crashed has failed,
    /// and the text says how.
    std::optional<CheckOutcome> poll_outcome(Os& os);
    /// Ends a check that takes too long; poll_outcome() tells it once it has ended.
    void give_up(Os& os, std::string why);

  private:
    ForkedChild child_;
    UniqueFd report_;
    std::string given_up_;
};

}  // namespace girin
