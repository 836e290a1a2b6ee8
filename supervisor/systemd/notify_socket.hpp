#pragma once

// The line to a service manager: datagrams to the socket that NOTIFY_SOCKET names, some with descriptors. As
// libsystemd's sd_notify() but for one thing: it never waits. Not here: what is told (service_report.hpp).

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "girin/base/unique_fd.hpp"

namespace girin {

class NotifySocket {
  public:
    /// Tells nobody anything.
    NotifySocket() = default;
    /// `address`: an absolute path, or "@name" for an abstract one; empty: as above. Errors: neither, or too long.
    static Result<NotifySocket> open(const std::string& address);

    bool is_open() const { return static_cast<bool>(socket_); }
    /// Lines of VARIABLE=VALUE. Never waits: while the manager doesn't read, messages are kept, kMostWaiting of them,
    /// and the oldest give way. A manager that is gone is no error: there is nobody to tell.
    void send(std::string message);
    /// With descriptors, of which the manager gets copies. They are duplicated if the message has to wait.
    void send_with(std::string message, const std::vector<int>& fds);
    /// Sends what waits, as far as it goes now.
    void flush();
    bool has_waiting() const { return !waiting_.empty(); }

    /// For a child: lets go of it.
    void close();

    static constexpr std::size_t kMostWaiting = 1024;

  private:
    struct Waiting {
        std::string message;
        std::vector<UniqueFd> fds;

        Waiting() = default;
    };
    enum class Sent { yes, later, never };

    Sent try_send(const std::string& message, const std::vector<int>& fds) const;
    void keep(std::string message, const std::vector<int>& fds);

    UniqueFd socket_;
    std::string address_;
    std::deque<Waiting> waiting_;
};

}  // namespace girin
