#pragma once

// Logs for workers that can't open them: within a root directory of their own (--chroot) the names of log files mean
// something else, or nothing. So the master opens them, as the workers' user, and sends the descriptors along. Not here:
// the channel that they go through (worker/channel.hpp).

#include <map>
#include <string>
#include <vector>

#include "loop/base/unique_fd.hpp"
#include "supervisor/process/privileges.hpp"
#include "supervisor/settings/settings.hpp"
#include "worker/channel.hpp"

namespace girin {

/// `file` as `owner` may open it for a log: with their rights and, when it is new, as theirs. The master's own rights
/// would follow a link that they have put there. Errors: as for a log.
///
/// Threads: must be the only one.
Result<UniqueFd> open_log_as(const Identity& owner, const std::string& file);

/// What is opened for one round of reopening: each file once, for all workers.
class HandedLogs {
  public:
    struct Parcel {
        Message message;
        std::vector<int> descriptors;  // borrowed
    };

    /// `own_file` is the log that this process has open anew.
    HandedLogs(const Identity& owner, std::string own_file) : owner_(owner), own_file_(std::move(own_file)) {}

    /// For a worker with these settings. A file that can't be opened is told of, and the worker goes on with the old one.
    Parcel pack(const Settings& settings);

  private:
    int open_access_log(const std::string& file);

    const Identity& owner_;
    std::string own_file_;
    std::map<std::string, UniqueFd> access_logs_;
};

}  // namespace girin
