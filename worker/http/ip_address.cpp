#include "worker/http/ip_address.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace girin {
namespace {

constexpr int kMappedBits = 96;  // where the IPv4 part of a mapped address begins

std::optional<int> parse_prefix(std::string_view text, int max) {
    int bits = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
    if (error != std::errc() || end != text.data() + text.size() || bits < 0 || bits > max) return std::nullopt;
    return bits;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    char copy[INET6_ADDRSTRLEN];
    if (text.size() >= sizeof copy || text.find('\0') != std::string_view::npos) return std::nullopt;
    text.copy(copy, text.size());
    copy[text.size()] = '\0';
    IpAddress address;
    if (text.find(':') != std::string_view::npos) {
        return inet_pton(AF_INET6, copy, address.bytes.data()) == 1 ? std::optional(address) : std::nullopt;
    }
    address.bytes[10] = address.bytes[11] = 0xff;
    return inet_pton(AF_INET, copy, address.bytes.data() + 12) == 1 ? std::optional(address) : std::nullopt;
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::optional<IpAddress> address = IpAddress::parse(text.substr(0, slash));
    if (!address) return std::nullopt;
    IpNetwork network{*address, 128};
    if (slash == std::string_view::npos) return network;
    const bool is_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
    const std::optional<int> bits = parse_prefix(text.substr(slash + 1), is_v4 ? 32 : 128);
    if (!bits) return std::nullopt;
    network.prefix_bits = is_v4 ? kMappedBits + *bits : *bits;
    return network;
}

bool IpNetwork::contains(const IpAddress& candidate) const {
    const auto whole = static_cast<std::size_t>(prefix_bits / 8);
    if (std::memcmp(address.bytes.data(), candidate.bytes.data(), whole) != 0) return false;
    const int rest = prefix_bits % 8;
    if (rest == 0) return true;
    const int difference = address.bytes[whole] ^ candidate.bytes[whole];
    return difference >> (8 - rest) == 0;
}

}  // namespace girin
