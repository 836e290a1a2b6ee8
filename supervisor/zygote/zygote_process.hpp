#pragma once

// A zygote, from its fork to its end: it becomes the workers' user, loads the application, and then does nothing but wait
// for orders and fork. It has no loop, no thread and no socket of the server's. A worker is forked twice, so that its
// parent is gone and the kernel gives it to the master; it touches nothing until the master says that it has it. Not here:
// when there is a zygote, and whose word counts (zygotes.hpp).

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "girin/log.hpp"
#include "supervisor/process/os.hpp"
#include "supervisor/process/spawn.hpp"

namespace girin {

/// Why an application couldn't be loaded.
struct LoadFailure {
    int code = 0;  // the exit code of a worker in whom that happens
    std::string why;

    LoadFailure(int exit_code, std::string reason) : code(exit_code), why(std::move(reason)) {}
};

/// What a zygote needs of the master that it is forked from, in that process's own memory.
struct ZygoteLife {
    ChildSetup child;   // as its workers have it, but for processors
    WorkerPlace place;  // likewise: code and directory, the board, its error log; no listeners
    std::function<std::optional<LoadFailure>(const WorkerPlace&)> load;
    /// In a new worker: the scoreboard's line is its own from now on, and no other.
    std::function<Result<void>(std::size_t slot)> take_line;
    std::function<int(const WorkerPlace&, LogLevel)> work;

    ZygoteLife() = default;
};

struct SpawnedZygote {
    ForkedChild child;
    UniqueFd channel;  // the master's end

    SpawnedZygote() = default;
    SpawnedZygote(ForkedChild c, UniqueFd fd) : child(std::move(c)), channel(std::move(fd)) {}
};

/// Orphans of this process's descendants become its own children, instead of the init system's, from now on: the workers
/// of its zygotes. Errors: the kernel refuses.
Result<void> adopt_orphans();

/// Forks a zygote. There `leave_master` lets go of what is the master's own and gives what it needs; nothing of this
/// returns. Errors: no more processes or descriptors.
Result<SpawnedZygote> spawn_zygote(Os& os, const std::function<ZygoteLife()>& leave_master);

}  // namespace girin
