#pragma once

// The other end of sd_notify(): a datagram socket of one program's own, and what comes in on it. Not here: our own line
// to a service manager (systemd/notify_socket.hpp), and what is made of the news (exec_keeper.hpp).

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "girin/base/clock.hpp"
#include "girin/base/unique_fd.hpp"

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
    /// In the last call strangers filled the queue, as anybody on the machine may: look again after kFloodPause, and they
    /// cost next to nothing. The program's own news waits in its sender meanwhile.
    bool is_flooded() const { return is_flooded_; }

    static constexpr std::size_t kStrangersAtOnce = 8;  // fewer than fit into the queue (net.unix.max_dgram_qlen, 10)
    static constexpr Duration kFloodPause = std::chrono::milliseconds(100);

    static constexpr std::size_t kMostBytes = 4096;  // longer datagrams are cut

  private:
    UniqueFd socket_;
    std::string address_;
    bool is_flooded_ = false;
};

/// What of a program's STATUS= lines is logged: however often it says one, and however long. Pure.
class StatusLimiter {
  public:
    static constexpr std::size_t kMostBytes = 256;  // longer ones are cut
    static constexpr std::size_t kAtOnce = 10;      // lines, and one more each kInterval
    static constexpr Duration kInterval = std::chrono::seconds(1);

    /// The words to be logged; nothing: this one is left out, and counted for the next that isn't.
    std::optional<std::string> admit(std::string status, TimePoint now);

  private:
    std::size_t left_ = kAtOnce;
    std::optional<TimePoint> refilled_at_;
    std::size_t left_out_ = 0;
};

}  // namespace girin
