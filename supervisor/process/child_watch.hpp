#pragma once

// A descriptor for each child that becomes readable when the child has ended: a pidfd, or, where the kernel or a
// container's filter refuses those, the reading end of a pipe whose other end is closed once SIGCHLD tells of the end.

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>

#include "girin/base/unique_fd.hpp"

namespace girin {

/// Which of the calls for pidfds is refused, and why: "pidfd_open: operation not permitted"; empty: none is. Asked once.
const std::string& refused_pidfd_call();

/// Those children of this process that have no pidfd. A forked child begins with forget().
class ChildWatch {
  public:
    static ChildWatch& of_process();

    /// A descriptor for `child`, which isn't reaped yet. Errors: no more descriptors.
    Result<UniqueFd> watch(pid_t child);
    /// Whose it is; none: not one of ours, so a pidfd.
    std::optional<pid_t> find(int fd) const;
    /// After SIGCHLD, and now and then where that isn't heard: closes the writing ends of those that have ended.
    void look();
    void remove(int fd) { all_.erase(fd); }
    void forget() { all_.clear(); }
    bool empty() const { return all_.empty(); }

  private:
    struct Child {
        pid_t pid = 0;
        UniqueFd open_while_it_runs;
    };
    std::map<int, Child> all_;  // by the reading end
};

}  // namespace girin
