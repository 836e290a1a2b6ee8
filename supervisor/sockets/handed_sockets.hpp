#pragma once

// Listening sockets that somebody handed to this process when it started: a service manager that listens for us or has
// kept ours while we were gone, or the master whose successor we are. Addresses that the settings name are taken from
// here before new sockets are opened; what nobody takes is closed. Not here: opening (listener.hpp), how a socket came
// (listening_name.hpp, upgrade/handover.hpp).

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "girin/base/unique_fd.hpp"
#include "supervisor/settings/bind_address.hpp"
#include "supervisor/sockets/socket_address.hpp"
#include "supervisor/sockets/socket_file.hpp"

namespace girin {

/// One socket, and what is known of it beside its address.
struct HandedSocket {
    UniqueFd fd;
    SocketAddress address;     // what the kernel says that it is bound to
    std::string bind;          // the address in the settings that it was opened for, as text; empty: not known
    std::size_t lane = 0;      // with --reuse-port: its place among the sockets of one address
    bool foreign = false;      // whoever handed it over goes on having it, and may serve it after us
    dev_t file_device = 0;     // of a Unix socket's file, if we are to remove it at the end
    ino_t file_inode = 0;      // 0: we aren't

    HandedSocket() = default;
};

class HandedSockets {
  public:
    HandedSockets() = default;

    /// Takes a descriptor over, which becomes close-on-exec and non-blocking. Errors: it isn't a listening stream
    /// socket; then it is closed.
    Result<void> add(HandedSocket socket);

    /// The sockets of `address`, in the order of their lanes, and not here any more: those opened for the same text,
    /// else those bound to it. `resolved`: what a TCP address means now, where port 0 fits any. Empty: there is none.
    std::vector<HandedSocket> take(const BindAddress& address, const SocketAddress* resolved);

    /// What a server without any address in its settings listens on: all that was opened for "fd://N", now or by a
    /// predecessor.
    std::vector<BindAddress> own_addresses() const;
    /// Of those that nobody has taken: "127.0.0.1:8000".
    std::vector<std::string> left() const;
    bool empty() const { return sockets_.empty(); }
    /// The files of Unix sockets that nobody has taken, to be removed once they are ours.
    std::vector<SocketFile> left_files() const;

  private:
    /// The same open socket, under whatever number.
    bool has(int fd) const;

    std::vector<HandedSocket> sockets_;
};

/// The sockets that a service manager handed over: `count` from descriptor `first` on. Those it has kept for us carry a
/// name of ours (listening_name), and are left where a Unix socket's file is gone; the others are its own and known as
/// "fd://N". Errors: one isn't a listening socket.
Result<HandedSockets> take_activated_sockets(int first, std::size_t count, const std::vector<std::string>& names);

}  // namespace girin
