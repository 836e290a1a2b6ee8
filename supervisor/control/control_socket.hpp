#pragma once

// Where the control socket is: made by the master, found by girin's own commands. The sockets of --admin-bind come with
// it. Not here: who serves on them (supervisor/monitor).

#include <string>
#include <vector>

#include "supervisor/settings/settings.hpp"
#include "supervisor/sockets/listeners.hpp"

namespace girin {

/// The monitor's listening sockets.
class ControlSockets {
  public:
    ControlSockets() = default;

    /// Blocks: host names of --admin-bind are looked up. Errors: a path that was given, or an admin address, can't be
    /// bound. That the usual place can't be had is only logged: then there is no control socket.
    static Result<ControlSockets> open_blocking(const Settings& settings);

    bool empty() const { return control_.empty() && admin_.empty(); }
    std::vector<ListenerSocket> sockets() const;
    void close();

  private:
    Result<void> open_control(const Settings& settings);

    ListenerSet control_;
    ListenerSet admin_;
};

/// Directories where a server that was told no path may have its socket, for this user, best first.
std::vector<std::string> control_directories();
/// PID.sock in any of them. Whether anybody listens isn't looked at.
std::vector<std::string> find_control_sockets();

}  // namespace girin
