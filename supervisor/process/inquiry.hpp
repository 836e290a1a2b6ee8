#pragma once

// A question that is answered in a child of its own, so that neither a crash nor a hang in it hurts the master: whether
// settings can serve (reload/), what a worker that hangs is at (health/). The master watches one descriptor meanwhile and
// goes on with its work.

#include <functional>
#include <optional>
#include <string>

#include "supervisor/process/os.hpp"

namespace girin {

struct InquiryOutcome {
    bool passed = false;
    std::string text;  // what it found out, or why it failed

    static InquiryOutcome pass(std::string answer) { return {true, std::move(answer)}; }
    static InquiryOutcome fail(std::string reason) { return {false, std::move(reason)}; }
};

class Inquiry {
  public:
    /// Answers `question` in a child; the first kLongestAnswer bytes of its text come through. `leave_master` is called
    /// there first, to let go of what only the master may hold. `what` is done there, for the words about a child that
    /// comes to a bad end: "checking the settings". Errors: no more processes or descriptors.
    static Result<Inquiry> start(Os& os, std::string what, const std::function<void()>& leave_master,
                                 const std::function<InquiryOutcome()>& question);

    static constexpr std::size_t kLongestAnswer = 60'000;  // fits a pipe, so the child never waits for the master to read

    pid_t pid() const { return child_.pid; }
    /// Readable once it has ended, one way or the other.
    int pidfd() const { return child_.pidfd.get(); }

    /// The outcome, nothing while it still runs; not to be asked again after that. One that crashed has failed, and the
    /// text says how.
    std::optional<InquiryOutcome> poll_outcome(Os& os);
    /// Ends one that takes too long; poll_outcome() tells it once it has ended.
    void give_up(Os& os, std::string why);

  private:
    std::string explain_failure(const ChildExit& ended, const std::string& answer) const;

    std::string what_;
    ForkedChild child_;
    UniqueFd report_;
    std::string given_up_;
};

}  // namespace girin
