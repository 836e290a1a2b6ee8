#pragma once

// The other end of sd_notify(): a datagram socket of one program's own, and what comes in on it. Not here: our own line
// to a service manager (systemd/notify_socket.hpp), and what is made of the news (exec_keeper.hpp).

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "loop/base/unique_fd.hpp"

namespace girin {

/// What one datagram says, of the variables that mean something here; others, RELOADING= among them, don't.
struct NotifyNews {
    bool ready = false;
    bool stopping = false;
    bool alive = false;  // WATCHDOG=1
    std::string status;

    NotifyNews() = default;
    bool operator==(const NotifyNews&) const = default;
};

/// Lines of VARIABLE=VALUE. What can't be understood is passed over: it comes from outside.
NotifyNews parse_notification(std::string_view datagram);

class NotifyReceiver {
  public:
    /// An abstract address that the kernel picks: no file to leave behind. Errors: no more descriptors.
    static Result<NotifyReceiver> open();

    int fd() const { return socket_.get(); }
    /// For NOTIFY_SOCKET: "@0a1b2".
    const std::string& address() const { return address_; }

    /// The next datagram that a process of `group` has sent; others, whose sender the kernel names, are thrown away.
    /// Never blocks. Nothing: there is none.
    std::optional<NotifyNews> receive(pid_t group);

    static constexpr std::size_t kMostBytes = 4096;  // longer datagrams are cut

  private:
    UniqueFd socket_;
    std::string address_;
};

}  // namespace girin
