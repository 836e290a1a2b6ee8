#pragma once

// The umbrella: all that an application needs. What it answers to, the log, and what its coroutines are made of. Not here:
// sockets and signals (girin/loop.hpp), Asio's operations (girin/asio.hpp), a server within a program (girin/run.hpp).
// Types of these headers have Boost's within them, so the application must be built with girin's Boost; girin/app.hpp alone
// asks for none.

#include "girin/app.hpp"
#include "girin/tasks.hpp"
