#pragma once

// girin's commands for a server that runs: girin status, reload, scale and so on. Each waits for the outcome, prints
// it, and ends with 0 only if what was asked has happened. Not here: the server's own command line (supervisor/settings).

namespace girin {

/// Whether the first argument is a command's name, and so the rest isn't a server's command line.
bool is_control_command(int argc, char** argv);

/// Runs the command. Returns the exit code: 0 done, 1 not, 2 the command line is wrong. Blocks: until the outcome is
/// known.
int run_control_command(int argc, char** argv);

}  // namespace girin
