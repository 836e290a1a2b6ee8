#pragma once

// Endpoint: where a server listens, TCP or Unix; and the two things tests do with one, connect to it and listen on it.

#include <cstdint>
#include <string>
#include <string_view>

#include "girin/base/unique_fd.hpp"

namespace girin::test {

struct Endpoint {
    std::string host;  // a literal address, IPv4 or IPv6
    std::uint16_t port = 0;
    std::string path;  // of a Unix socket; empty: TCP

    static Endpoint tcp(std::string host, std::uint16_t port);
    static Endpoint unix_socket(std::string path);
    /// "127.0.0.1:80", "[::1]:80", "http://…", "unix:PATH". Errors: anything else throws std::invalid_argument.
    static Endpoint parse(std::string_view text);

    bool is_unix() const { return !path.empty(); }
    /// As parse() reads it.
    std::string to_text() const;
    bool operator==(const Endpoint&) const = default;
};

/// Starts a non-blocking connect; the socket becomes writable when it is done. Errors: refused at once, no descriptor,
/// and for Unix sockets a full queue (EAGAIN).
Result<UniqueFd> start_connect(const Endpoint& endpoint);

/// A blocking listener; TCP port 0 is replaced by the real one in `endpoint`.
Result<UniqueFd> listen_on(Endpoint& endpoint, int backlog = 128);

}  // namespace girin::test
