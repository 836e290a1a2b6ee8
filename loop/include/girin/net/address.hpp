#pragma once

// Address: the end of a connection, kept small (one for each connection), told as text when somebody asks.

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

namespace girin {

class Address {
  public:
    Address() = default;
    static Address from_sockaddr(const sockaddr_storage& socket_address);

    bool is_unix() const { return family_ == AF_UNIX; }
    /// "192.0.2.1", "2001:db8::1"; empty for a Unix socket. An IPv4 address mapped into IPv6 is told as IPv4.
    std::string host() const;
    std::uint16_t port() const { return port_; }
    std::uint16_t family() const { return family_; }
    /// The host as the network has it: 4 bytes of it, or 16, or none.
    const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
    /// "192.0.2.1:80", "[2001:db8::1]:80", "unix:".
    std::string to_text() const;

  private:
    std::uint16_t family_ = AF_UNSPEC;
    std::uint16_t port_ = 0;
    std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace girin
