#pragma once

// The misbehaving application's start-up, apart from its requests.

#include <girin/tasks.hpp>

namespace girin_test {

/// As $GIRIN_TEST_STARTUP says, else the file $GIRIN_TEST_STARTUP_FILE, read anew at each start (so that a test can
/// change it between two reloads): ok (also: nothing said), throw, throw-int, die-later (exits with 9, 50 ms after),
/// hang (never ready, loop alive), block (never ready, loop blocked), crash, abort, exit (code 3), slow (ready after
/// 300 ms).
girin::Coro<void> start_up();

/// Burns the processor; for ever with none.
void spin_for(long milliseconds);
inline constexpr long kForEver = -1;
/// Never returns.
void lock_twice();
/// Uses up the stack.
int recurse(int depth);

}  // namespace girin_test
