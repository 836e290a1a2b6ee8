#pragma once

// monitor_main: the life of the monitor's process: a worker with a built-in application and a line of its own.

#include <vector>

#include "supervisor/monitor/monitor_application.hpp"
#include "worker/process/listener_socket.hpp"

namespace girin {

/// Bounds on what clients of the monitor can make it hold.
inline constexpr std::size_t kMonitorConnections = 64;

/// Serves on `listeners`, which are borrowed, until told to end. Returns the exit code.
///
/// Threads: must be the only one of a freshly forked process.  Blocks: for the monitor's life.
int monitor_main(const MonitorPlace& place, MonitorOptions options, std::vector<ListenerSocket> listeners);

}  // namespace girin
