#include "supervisor/exec/port_probe.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace girin {

bool PortProbe::answers() {
    if (!connection_) begin();
    pollfd state{connection_.get(), POLLOUT, 0};
    if (!connection_ || ::poll(&state, 1, 0) != 1) return false;
    int failure = 0;
    socklen_t bytes = sizeof failure;
    const bool known = ::getsockopt(connection_.get(), SOL_SOCKET, SO_ERROR, &failure, &bytes) == 0;
    const bool connected = known && failure == 0 && !is_connected_to_itself();
    connection_.reset();
    return connected;
}

/// As happens when the kernel picks the very port for our end, and nobody listens.
bool PortProbe::is_connected_to_itself() const {
    sockaddr_in own{};
    socklen_t bytes = sizeof own;
    const bool known = ::getsockname(connection_.get(), reinterpret_cast<sockaddr*>(&own), &bytes) == 0;
    return known && ntohs(own.sin_port) == port_;
}

void PortProbe::begin() {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int begun = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (begun == 0 || errno == EINPROGRESS) connection_ = std::move(fd);
}

}  // namespace girin
