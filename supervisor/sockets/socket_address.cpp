#include "supervisor/sockets/socket_address.hpp"

#include <netinet/in.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace girin {
namespace {

std::string unix_text(const sockaddr_un& address, socklen_t bytes) {
    const auto path_bytes = static_cast<std::size_t>(bytes) - offsetof(sockaddr_un, sun_path);
    if (bytes <= offsetof(sockaddr_un, sun_path)) return "unix:";
    if (address.sun_path[0] == '\0') return "unix:@" + std::string(address.sun_path + 1, path_bytes - 1);
    return "unix:" + std::string(address.sun_path, ::strnlen(address.sun_path, path_bytes));
}

}  // namespace

std::string SocketAddress::host() const {
    char text[NI_MAXHOST] = {};  // with a scope where an address needs one: "fe80::1%eth0"
    if (::getnameinfo(generic(), bytes, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) return {};
    return text;
}

std::string SocketAddress::to_text() const {
    if (family() == AF_UNIX) return unix_text(reinterpret_cast<const sockaddr_un&>(storage), bytes);
    const bool is_v6 = family() == AF_INET6;
    // The port lies at the same place in both.
    const std::string port = std::to_string(ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port));
    return (is_v6 ? "[" + host() + "]:" : host() + ":") + port;
}

Result<SocketAddress> resolve_blocking(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    if (host.empty()) hints.ai_family = AF_INET;
    addrinfo* found = nullptr;
    const char* node = host.empty() ? nullptr : host.c_str();
    const int failure = ::getaddrinfo(node, std::to_string(port).c_str(), &hints, &found);
    if (failure != 0) {
        const std::string reason = failure == EAI_SYSTEM ? errno_text(errno) : ::gai_strerror(failure);
        return Error("bind " + host + ":" + std::to_string(port) + ": can't look up the host: " + reason);
    }
    SocketAddress address;
    std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
    address.bytes = found->ai_addrlen;
    ::freeaddrinfo(found);
    return address;
}

Result<std::vector<BindAddress>> resolve_all_blocking(const std::vector<BindAddress>& addresses) {
    std::vector<BindAddress> resolved = addresses;
    for (BindAddress& address : resolved) {
        if (address.kind != BindAddress::Kind::tcp) continue;
        const auto found = resolve_blocking(address.host, address.port);
        if (!found) return found.error();
        address.host = found->host();
    }
    return resolved;
}

Result<SocketAddress> local_address(int fd) {
    SocketAddress address;
    if (::getsockname(fd, address.generic(), &address.bytes) != 0) {
        return Error::from_errno(errno, "look up the address of descriptor", std::to_string(fd));
    }
    return address;
}

}  // namespace girin
