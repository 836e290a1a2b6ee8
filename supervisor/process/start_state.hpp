#pragma once

// What a process inherits from whoever starts it, set straight before anything relies on it. Not here: signals, which
// the master blocks from end to end (signals.hpp), and what a child is given (spawn.hpp).

namespace girin {

/// Descriptors 0, 1 and 2 that are closed are opened on /dev/null, so that none of them can become a connection or a
/// file of ours, into which whoever writes to standard error would write. A program's very first act.
void secure_standard_descriptors();

/// A timer that was set before an exec goes on running, and its SIGALRM would end a server one day.
void stop_inherited_timers();

/// The umask, less what it takes from the owner: with such a one we couldn't open our own files a second time.
/// Returns what it was.
unsigned leave_owner_rights();

}  // namespace girin
