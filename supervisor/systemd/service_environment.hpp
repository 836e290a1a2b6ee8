#pragma once

// What a service manager (systemd) tells a service it starts, by its environment: where to report to, how often it
// wants a sign of life, and which sockets it hands over. Not here: the reports (service_report.hpp), what becomes of
// the sockets (handed_sockets.hpp).

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "girin/base/clock.hpp"

namespace girin {

struct ServiceEnvironment {
    std::string notify_socket;         // a path, or "@name" for an abstract one; empty: nobody wants reports
    Duration watchdog{};               // it is ended when it gives no sign of life for so long; 0: it isn't watched
    std::size_t sockets = 0;           // handed over, from descriptor 3 on
    std::vector<std::string> names;    // of the sockets, as far as they have any

    ServiceEnvironment() {}

    static constexpr int kFirstSocket = 3;
    static constexpr std::size_t kMostSockets = 4096;

    /// From the process's environment, which loses these variables: no worker and no program of an application may
    /// take them for its own. What is meant for another process (LISTEN_PID, WATCHDOG_PID) is left out, and so is
    /// what makes no sense.
    static ServiceEnvironment take();
};

}  // namespace girin
