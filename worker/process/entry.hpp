#pragma once

// worker_main: the life of a worker process, from its fork to its exit code.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "worker/app/loader.hpp"
#include "worker/process/listener_socket.hpp"
#include "worker/process/options.hpp"
#include "worker/process/scoreboard.hpp"

namespace girin {

/// Everything a worker inherits.
struct WorkerSetup {
    WorkerOptions options;
    std::vector<ListenerSocket> listeners;  // borrowed from the master
    int channel_fd = -1;                    // the worker's end
    ScoreboardLines board;
    std::size_t slot = 0;
    std::uint32_t generation = 0;
    AppSource app;
    std::unique_ptr<Application> preloaded;  // made before the fork; else the worker loads `app` itself
    /// The process is this worker's alone: once it has drained it leaves by exit(), not by returning (orderly_exit.hpp).
    bool leaves_by_exit = false;
    /// What is still to be given up once the code is there, and before any of it runs but for static constructors: files
    /// outside a root directory. Null: nothing.
    std::function<Result<void>()> confine;

    WorkerSetup() {}
};

/// Exit codes of a worker; the master's own are a table of its own.
inline constexpr int kWorkerDone = 0;
inline constexpr int kWorkerBootFailed = 3;
inline constexpr int kWorkerAppNotLoaded = 4;

/// Whether a worker could take them. Errors: an access log's format, or a trusted peer, that is none.
Result<void> check_worker_options(const WorkerOptions& options);

/// Loads and starts the application, reports *ready*, serves until told to drain or quit, or until the master is
/// gone; shuts the application down. A failure before *ready* is told to the master with its reason. Returns the exit
/// code; with `leaves_by_exit` a worker that has drained doesn't return.
///
/// Threads: must be the only one of a freshly forked process.  Blocks: for the worker's life.
int worker_main(WorkerSetup setup);

}  // namespace girin
