#pragma once

// Addresses and networks as text says them, compared as numbers. IPv4 is kept as IPv4-mapped IPv6, so
// "::ffff:10.0.0.1" and "10.0.0.1" are one address.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace girin {

struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};

    /// Without brackets, port or zone; none for anything else.
    static std::optional<IpAddress> parse(std::string_view text);
    bool operator==(const IpAddress&) const = default;
};

struct IpNetwork {
    IpAddress address;
    int prefix_bits = 128;  // of the 128 bits

    /// "10.0.0.0/8", "2001:db8::/32", or one plain address. Bits behind the prefix are passed over.
    static std::optional<IpNetwork> parse(std::string_view text);
    bool contains(const IpAddress& candidate) const;
};

}  // namespace girin
