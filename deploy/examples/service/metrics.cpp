#include "metrics.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <stdexcept>

#include "query.hpp"

namespace notes {

Metrics::Metrics(const std::string& address) {
    if (address.empty()) return;
    const std::size_t colon = address.rfind(':');
    const auto port = parse_id(std::string_view(address).substr(colon + 1));
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(port.value_or(0)));
    if (!port || *port > 65535 || ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &where.sin_addr) != 1)
        throw std::runtime_error("NOTES_STATSD: '" + address + "' is not ADDRESS:PORT");
    socket_ = girin::UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    (void)::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where);
}

void Metrics::count(std::string_view name) const {
    if (!socket_) return;
    const std::string datagram = std::string(name) + ":1|c";
    (void)::send(socket_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT);
}

}  // namespace notes
