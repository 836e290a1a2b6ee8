#pragma once

// From fork to the worker's first own line: what a child inherits, what it lets go of, and who it becomes. Not here:
// when to fork (fleet.hpp), and what a worker does (worker/).

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/process/borrowed.hpp"
#include "supervisor/process/environment.hpp"
#include "supervisor/process/os.hpp"
#include "supervisor/process/privileges.hpp"
#include "supervisor/process/process_title.hpp"
#include "supervisor/process/signals.hpp"
#include "worker/process/listener_socket.hpp"
#include "worker/process/scoreboard.hpp"

namespace girin {

/// Where a worker works: everything that it borrows from its master, for as long as it lives.
struct WorkerPlace {
    std::vector<ListenerSocket> listeners;
    int channel_fd = -1;  // the worker's end
    ScoreboardLines board;
    std::size_t slot = 0;  // board[slot] is the worker's own line
    std::uint32_t generation = 0;
    int code_fd = -1;  // a copy of the application's file, borrowed; -1: none
    int directory_fd = -1;   // that it is in, borrowed; -1: the master's
    int error_log_fd = -1;   // opened by the master, and the worker's own; -1: the master's goes on
    int access_log_fd = -1;  // the same; -1: there is none
    int root_fd = -1;  // the directory that is to become its root once its code is there; -1: it has everybody's

    WorkerPlace() = default;
};

/// What every child of one master has in common.
struct ChildSetup {
    Borrowed<const SignalsBlocked> signals;  // for a successor: the mask to give back
    Borrowed<ProcessTitle> title;
    std::string name;  // of the server, for the title
    std::string role;  // for the title; empty: "worker" with its slot
    Identity identity;
    bool no_new_privs = false;
    bool drop_capabilities = false;
    std::string root;  // a directory to be entered later, by WorkerPlace::root_fd; empty: none
    Borrowed<Environment> environment;  // the master's; null: no variable is set
    std::vector<std::string> variables;  // NAME=VALUE, in place of those that it has set
    std::optional<unsigned> cpu;  // the one processor to run on; none: wherever the kernel likes

    ChildSetup() = default;
};

struct SpawnedWorker {
    ForkedChild child;
    UniqueFd channel;  // the master's end

    SpawnedWorker() = default;
    SpawnedWorker(ForkedChild c, UniqueFd fd) : child(std::move(c)), channel(std::move(fd)) {}
};

/// The exit code of a child that couldn't become what it should.
inline constexpr int kChildSetUpFailed = 1;

/// In a child, once: signals, root directory (opened), directory, variables, and the workers' user. Errors: the kernel
/// refuses; then the process must not go on.
Result<void> become_worker(const ChildSetup& setup, WorkerPlace& place);
/// In a child of such a process, or the same: what is each one's own, the processor, whose child it is, its title and its
/// signals. Ends with `master`, and now if that isn't its parent.
Result<void> settle_worker(const ChildSetup& setup, const WorkerPlace& place, pid_t master);
/// In a worker: its life, unless `settled` says that it can't have one; then its end.
[[noreturn]] void live_and_exit(const Result<void>& settled, const WorkerPlace& place,
                                const std::function<int(const WorkerPlace&)>& work);

/// Forks a worker. In the child: `leave_master` closes what is the master's own, then signals, parent, user and
/// title are set, then `work` runs and its result is the exit code; nothing of this returns. Errors: no more
/// processes or descriptors.
Result<SpawnedWorker> spawn_worker(Os& os, const ChildSetup& setup, WorkerPlace place,
                                   const std::function<void()>& leave_master,
                                   const std::function<int(const WorkerPlace&)>& work);

}  // namespace girin
