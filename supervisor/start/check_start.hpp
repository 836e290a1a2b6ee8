#pragma once

// What --check-start answers: whether a server with these settings would start, found out by starting one as far as
// that does no harm, also beside a server that runs with the same settings. Not here: what settings and files tell
// without running anything (--check-config, run.cpp).

#include "supervisor/start/master.hpp"

namespace girin {

/// Opens the log for appending; binds each address of --bind, --admin-bind and --control-socket for a moment (one that is
/// in use is told of and left out); then starts a master with one worker on a port of its own, and stops it once that
/// worker is ready. Has no pidfile, no monitor, and runs none of the hooks and callbacks. Returns the exit code of the
/// process; what was to be said has been printed. `input` has settings that --check-config finds nothing wrong with; the
/// directory is already theirs.
///
/// Blocks: until the worker is ready or has failed, at most --boot-timeout.  Never returns in a worker.
int check_start(MasterInput input, ProcessTitle& title);

}  // namespace girin
