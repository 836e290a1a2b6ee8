#pragma once

// A socket address as the kernel takes it, and as people read it.

#include <netdb.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "girin/base/error.hpp"
#include "supervisor/settings/bind_address.hpp"

namespace girin {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t bytes = sizeof(sockaddr_storage);

    const sockaddr* generic() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* generic() { return reinterpret_cast<sockaddr*>(&storage); }
    int family() const { return storage.ss_family; }

    /// "127.0.0.1", "::1"; empty for a Unix socket's.
    std::string host() const;
    /// "127.0.0.1:80", "[::1]:80", "unix:/run/x", "unix:@name" for an abstract one.
    std::string to_text() const;
};

/// The first address of `host`, which is an address or a name; an empty one means every IPv4 address. Blocks while a
/// name is looked up. Errors: no such host.
Result<SocketAddress> resolve_blocking(const std::string& host, std::uint16_t port);

/// The same addresses, with host names replaced by what they mean now. Blocks and fails as resolve_blocking().
Result<std::vector<BindAddress>> resolve_all_blocking(const std::vector<BindAddress>& addresses);

/// What `fd` is bound to. Errors: not a socket.
Result<SocketAddress> local_address(int fd);

}  // namespace girin
