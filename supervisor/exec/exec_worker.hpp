#pragma once

// A worker whose work is another program's: its process is the program's keeper, which speaks the worker's channel with
// the master on one side, and sd_notify(3), LISTEN_FDS and signals with the program on the other. To the master
// it is a worker like any other. Not here: decisions (exec_keeper.hpp).

#include "supervisor/process/spawn.hpp"
#include "supervisor/settings/settings.hpp"

namespace girin {

/// Whether the command of `--exec` can be run. Errors: not found, not executable. Blocks: as a disk does.
Result<void> check_command_blocking(const Settings& settings);

/// Starts the program, and keeps it until it has ended: the exit code. A program that was ended by a signal, unasked,
/// ends this process by the same signal, so that its cause is told.
///
/// Threads: must be the only one of a freshly forked process.  Blocks: for the program's life.
int exec_worker_main(const Settings& settings, const WorkerPlace& place);

}  // namespace girin
