#pragma once

// What the master's turn borrows of the start, and what it may call back. Not here: what is held (holdings.hpp), and what
// each entry means (turn/supervisor_setup.hpp).

#include "supervisor/start/holdings.hpp"
#include "supervisor/turn/supervisor_setup.hpp"

namespace girin {

/// `held` is borrowed for as long as the setup is used.
SupervisorSetup make_setup(Holdings& held);

}  // namespace girin
