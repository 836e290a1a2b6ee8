#pragma once

// The event loop, whole, also for programs without a server: tasks, and a loop that runs them, sockets, signals, and the loop
// as a guest in another's. Before any header of Asio's own, since the loop names one of Asio's types. Not here: Asio's
// operations (girin/asio.hpp), whose headers are long.

#include "girin/asio/namespace.hpp"

#include "girin/loop/asio_loop.hpp"
#include "girin/loop/guest.hpp"
#include "girin/loop/runner.hpp"
#include "girin/loop/signals.hpp"
#include "girin/net/acceptor.hpp"
#include "girin/net/address.hpp"
#include "girin/net/stream.hpp"
#include "girin/tasks.hpp"
