#pragma once

// The log files of a generation. The master opens them, and nobody else: a worker may have another user, another root
// directory, or an application that changes its directory, for all of which the names mean something else, or nothing.
// Workers inherit the descriptors, and are sent new ones after a rotation. Not here: the channel that those go through
// (worker/process/channel.hpp), and how a line is written (loop/base/line_sink.hpp).

#include <string>
#include <vector>

#include "girin/base/unique_fd.hpp"
#include "loop/base/line_sink.hpp"
#include "supervisor/process/privileges.hpp"
#include "supervisor/settings/settings.hpp"
#include "worker/process/channel.hpp"

namespace girin {

/// `file` for lines of workers that are `owner`: with their rights to files and, when it is new, as theirs, so that links
/// they may have put lead nowhere else; where they have no right to it, with ours, and then no such link is followed.
/// Errors: as for a log.
///
/// Threads: must be the only one.
Result<UniqueFd> open_log_as(const Identity& owner, const std::string& file, int standard_fd = 2);

class LogFiles {
  public:
    /// None.
    LogFiles() = default;

    /// Opens what `settings` name: the error log with our rights, the access log as open_log_as(). Relative names are
    /// taken from the working directory. Errors: one of them can't be opened.
    static Result<LogFiles> open(const Settings& settings, const Identity& owner);

    /// Anew, under the same names, those that are files. What can't be opened is told of, and goes on as it was.
    /// Errors: the error log's.
    Result<void> reopen();

    /// -1: there is none.
    int error_fd() const { return error_.get(); }
    int access_fd() const { return access_.get(); }
    /// Both, for a worker, which owns them from now on.
    std::vector<UniqueFd> release();

    /// What a process with these logs is told after reopen().
    struct Parcel {
        Message message;
        std::vector<int> descriptors;  // borrowed
    };
    enum class Which { all, error_only };
    Parcel pack(Which which = Which::all) const;

  private:
    std::string error_file_, access_file_;
    Identity owner_;
    UniqueFd error_, access_;
    bool error_is_new_ = false, access_is_new_ = false;
};

}  // namespace girin
