#pragma once

// ChildProcess: a program run by a test. Its output goes to files or to memory, it ends with the test process, and its
// destructor ends it by pid and reaps it. Not here: girin itself (girin_process.hpp), what /proc says (proc.hpp).

#include <sys/types.h>

#include <csignal>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "girin/base/unique_fd.hpp"
#include "tests/support/deadline.hpp"

namespace girin::test {

/// How a process ended: by itself with `code`, or by `signal`.
struct ExitStatus {
    int code = -1;
    int signal = 0;

    bool operator==(const ExitStatus&) const = default;
};
std::ostream& operator<<(std::ostream& out, const ExitStatus& status);

/// What to run.
struct Command {
    std::string program;  // a path, or a name looked up in PATH
    std::vector<std::string> args;
    std::map<std::string, std::string> environment;  // added to, or in place of, what the test has
    std::vector<std::string> unset;                  // variables taken away
    std::string directory;                           // working directory; empty: the test's
    std::string log_directory;                       // output goes to NAME.out and NAME.err there; empty: memory
    std::string log_name;                            // NAME; empty: the program's last path part
    std::vector<std::pair<int, int>> inherit;        // descriptor here → number there
    int stdin_fd = -1;                               // borrowed; -1: /dev/null
    int stdout_fd = -1;                              // borrowed, not captured; -1: captured
    int stderr_fd = -1;                              // likewise
    int parent_death_signal = SIGKILL;               // what it gets when the test process dies
    bool own_group = false;                          // a process group, so that the kernel's HUP for one isn't ours

    Command() {}
    Command(std::string what, std::vector<std::string> with) : program(std::move(what)), args(std::move(with)) {}
};

class ChildProcess {
  public:
    /// Runs it. Errors: no such program, no such directory, no memory. The child gets its
    /// `parent_death_signal` when the calling *thread* ends, so start children from the test's own thread.
    explicit ChildProcess(const Command& command);
    /// Kills the process if it still runs, and reaps it. Blocks for as long as the kernel needs.
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    pid_t pid() const { return pid_; }
    int pidfd() const { return pidfd_.get(); }

    /// Does nothing once the process is reaped: its pid may be somebody else's by then.
    void signal(int number);
    void kill_now();
    /// Blocks until it ended: how. nullopt: it still runs after `limit`.
    std::optional<ExitStatus> wait_exit(milliseconds limit);
    bool running() { return !wait_exit(milliseconds{0}).has_value(); }

    /// Everything written so far; empty for a stream that isn't captured.
    std::string standard_output() const;
    std::string standard_error() const;
    /// Size of standard error: a place to search on from.
    std::size_t mark() const;

    /// Blocks until standard error has a whole line that contains `part`: that line without its end. nullopt: none
    /// after `limit`, or the process ended without. Looks from `from`, a mark().
    std::optional<std::string> wait_for_line(std::string_view part, milliseconds limit, std::size_t from = 0);
    /// Likewise for a line in which the ECMAScript `pattern` is found.
    std::optional<std::string> wait_for_match(const std::string& pattern, milliseconds limit, std::size_t from = 0);

  private:
    std::optional<std::string> wait_for(const std::function<bool(const std::string&)>& fits, milliseconds limit,
                                        std::size_t from);

    UniqueFd output_;
    UniqueFd error_;
    pid_t pid_ = -1;
    UniqueFd pidfd_;
    std::optional<ExitStatus> status_;
};

/// Runs a program to its end: for `--help` and its like. Errors: as ChildProcess, and still running after `limit`.
struct Finished {
    ExitStatus status;
    std::string output;
    std::string error;
};
Finished run(const Command& command, milliseconds limit = milliseconds{10'000});

/// Handles of all that `ancestor` has started, by which they can be waited for and ended after it.
std::vector<UniqueFd> pidfds_of_descendants(pid_t ancestor);
/// Waits for their end, kills those that still run after `limit`: how many.
std::size_t end_processes(const std::vector<UniqueFd>& pidfds, milliseconds limit);

/// Where `name` lies in PATH or in the usual directories for servers (/usr/sbin); nullopt: not installed.
std::optional<std::string> find_program(std::string_view name);

}  // namespace girin::test
