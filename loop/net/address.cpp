#include "girin/net/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace girin {

Address Address::from_sockaddr(const sockaddr_storage& socket_address) {
    Address address;
    address.family_ = socket_address.ss_family;
    if (socket_address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(socket_address);
        address.port_ = ntohs(v4.sin_port);
        std::memcpy(address.bytes_.data(), &v4.sin_addr, 4);
    } else if (socket_address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(socket_address);
        address.port_ = ntohs(v6.sin6_port);
        std::memcpy(address.bytes_.data(), &v6.sin6_addr, 16);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            address.family_ = AF_INET;
            std::memmove(address.bytes_.data(), address.bytes_.data() + 12, 4);
        }
    }
    return address;
}

std::string Address::host() const {
    if (family_ != AF_INET && family_ != AF_INET6) return {};
    char text[INET6_ADDRSTRLEN];
    return ::inet_ntop(family_, bytes_.data(), text, sizeof text) != nullptr ? text : "";
}

std::string Address::to_text() const {
    if (family_ == AF_INET) return host() + ":" + std::to_string(port_);
    if (family_ == AF_INET6) return "[" + host() + "]:" + std::to_string(port_);
    return "unix:";
}

}  // namespace girin
