#pragma once

// A program that serves in a worker's place, as a child of its keeper: fork, what it inherits, exec. It leads a process
// group of its own, and dies with its keeper. Not here: when it should end (exec_keeper.hpp).

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "girin/base/clock.hpp"
#include "girin/base/unique_fd.hpp"
#include "supervisor/process/os.hpp"
#include "worker/process/listener_socket.hpp"

namespace girin {

struct ProgramSetup {
    std::vector<std::string> command;       // the program and its arguments, placeholders filled in
    std::vector<ListenerSocket> listeners;  // become descriptors 3, 4, …: still non-blocking
    std::string notify_address;
    Duration watchdog{};                    // for WATCHDOG_USEC; 0: none
    std::size_t slot = 0;
    std::uint32_t generation = 0;
    int root_fd = -1;                       // of a directory that it has as its root; -1: it has everybody's

    ProgramSetup() = default;
};

class Program {
  public:
    /// The first descriptor of sd_listen_fds(3).
    static constexpr int kFirstListener = 3;

    /// Runs it, with all signals at their defaults. Errors: not found, not executable, no more processes, a root directory
    /// that can't be entered; told by the child once exec has failed. Blocks: until exec, a few milliseconds.
    static Result<Program> start_blocking(Os& os, const ProgramSetup& setup);

    pid_t pid() const { return child_.pid; }
    /// Readable once it has ended.
    int pidfd() const { return child_.pidfd.get(); }

    /// To the program alone, which knows how to tell its own children.
    void signal(Os& os, int signo);
    /// To all of its process group.
    void signal_group(int signo);
    /// How it ended, once it has; what is left of its process group is killed first, while the number can't be
    /// another's. Errors: it was asked before.
    Result<ChildExit> reap_all(Os& os);

  private:
    ForkedChild child_;
};

}  // namespace girin
