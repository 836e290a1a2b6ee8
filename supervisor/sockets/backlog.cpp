#include "supervisor/sockets/backlog.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace girin {

std::optional<std::uint64_t> queued_connections(int listening_fd) {
    tcp_info info{};
    socklen_t length = sizeof info;
    if (::getsockopt(listening_fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return std::nullopt;
    if (info.tcpi_state != TCP_LISTEN) return std::nullopt;
    return info.tcpi_unacked;  // what is unacknowledged in a connection, the kernel uses for the queue in a listener
}

}  // namespace girin
