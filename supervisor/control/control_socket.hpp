#pragma once

// Where the control socket is: made by the master, found by girin's own commands. The sockets of --admin-bind come with
// it. Not here: who serves on them (supervisor/monitor).

#include <string>
#include <vector>

#include "supervisor/settings/settings.hpp"
#include "supervisor/sockets/listeners.hpp"

namespace girin {

/// Of the monitor's connections, those that addresses of --admin-bind may have: the rest is the control socket's.
inline constexpr std::size_t kMostAdminConnections = 40;

/// The monitor's listening sockets.
class ControlSockets {
  public:
    ControlSockets() = default;

    /// Takes what is in `handed`, a predecessor's, before it opens any; what isn't taken stays there. Until claim(), the
    /// files of those are the predecessor's. Null: there is none. Blocks: host names of --admin-bind are looked up.
    /// Errors: a path that was given, or an admin address, can't be bound. That the usual place can't be had is only
    /// logged: then there is no control socket.
    static Result<ControlSockets> open_blocking(const Settings& settings, HandedSockets* handed);

    bool empty() const { return control_.empty() && admin_.empty(); }
    std::vector<ListenerSocket> sockets() const;
    void close();

    /// Some are a predecessor's too, whose monitor serves them until it hands over.
    bool is_shared() const { return shared_; }
    /// What a successor has to go on with: addresses that were given. The usual place has our pid in its name, and is
    /// for one that keeps it.
    std::vector<const ListenerSet*> lasting(bool keeps_pid) const;
    /// What lasts is the successor's, its files too; the rest ends.
    void hand_over();
    /// Our predecessor's files are ours, with the mode that our settings give them.
    void claim(const Settings& settings);

  private:
    Result<void> open_control(const Settings& settings, const ListenOptions& options);

    ListenerSet control_;
    ListenerSet admin_;
    bool is_usual_ = false;  // control_ is where it is by itself
    bool shared_ = false;
};

/// Directories where a server that was told no path may have its socket, for this user, best first.
std::vector<std::string> control_directories();
/// PID.sock in any of them that is this user's own, and nobody else's to write in. Whether anybody listens isn't looked at.
std::vector<std::string> find_control_sockets();

}  // namespace girin
