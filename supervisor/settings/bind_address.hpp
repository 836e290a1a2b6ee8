#pragma once

// An address as an operator writes it: `HOST:PORT`, `:PORT`, `[v6]:PORT`, `unix:PATH`, `fd://N`. Text only: names are
// looked up and sockets are opened elsewhere (socket_address.hpp, listener.hpp).

#include <cstdint>
#include <string>
#include <string_view>

#include "girin/base/error.hpp"

namespace girin {

struct BindAddress {
    enum class Kind { tcp, unix_socket, inherited };

    Kind kind = Kind::tcp;
    std::string host = "127.0.0.1";  // tcp: an IPv4 address, an IPv6 address without brackets, or a name
    std::uint16_t port = 8000;       // tcp; 0: the kernel chooses
    std::string path;                // unix_socket; relative to the directory that the server runs in
    int fd = -1;                     // inherited

    BindAddress() = default;

    static BindAddress tcp(std::string host, std::uint16_t port);
    static BindAddress unix_socket(std::string path);
    static BindAddress inherited(int fd);

    /// As parse_bind_address reads it: "127.0.0.1:8000", "[::1]:8000", "unix:/run/shop.sock", "fd://3".
    std::string to_text() const;
    bool operator==(const BindAddress&) const = default;
};

/// Whether only one of them can be listened at: the same, or one for all interfaces beside one of them. As far as the
/// texts tell: names aren't looked up, nor links followed. Port 0 is never the same: the kernel chooses others.
bool exclude_each_other(const BindAddress& one, const BindAddress& other);

/// `:PORT` and `*:PORT` are every IPv4 interface, 0.0.0.0; a host without a port is on 8000, as in Gunicorn. Errors: a
/// sentence without the setting's name, which names the text and what is wrong with it: "'[::1]:99999' has no valid
/// port: …".
Result<BindAddress> parse_bind_address(std::string_view text);

}  // namespace girin
