#include "worker/process/listener_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace girin {
namespace {

// TTLs are 64, 128 or 255 at the start, and 255 is what hardly any system begins with.
constexpr int kAllHops = 255;
// linux/in6.h can't be included beside netinet/in.h.
constexpr int kIpv6MinHopCount = 73;

bool is_v6(int fd) {
    int family = 0;
    socklen_t size = sizeof family;
    return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_INET6;
}

/// An IPv6 socket may have IPv4 clients too.
bool set_least_hops(int fd, int hops) {
    if (::setsockopt(fd, IPPROTO_IP, IP_MINTTL, &hops, sizeof hops) != 0) return false;
    return !is_v6(fd) || ::setsockopt(fd, IPPROTO_IPV6, kIpv6MinHopCount, &hops, sizeof hops) == 0;
}

}  // namespace

Result<void> refuse_by_hops(int listener) {
    if (!set_least_hops(listener, kAllHops)) return Error::from_errno(errno, "refuse new connections");
    return {};
}

void allow_all_hops(int connection) { set_least_hops(connection, 0); }

}  // namespace girin
