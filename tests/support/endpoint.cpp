#include "tests/support/endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace girin::test {
namespace {

// A socket address of any family, with its length.
struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

template <class T>
T& as(Address& address) {
    address.length = sizeof(T);
    return reinterpret_cast<T&>(address.storage);
}

Result<Address> address_of(const Endpoint& endpoint) {
    Address address;
    if (endpoint.is_unix()) {
        auto& local = as<sockaddr_un>(address);
        local.sun_family = AF_UNIX;
        if (endpoint.path.size() >= sizeof local.sun_path) return Error::from_errno(ENAMETOOLONG, "use", endpoint.path);
        std::memcpy(local.sun_path, endpoint.path.data(), endpoint.path.size());
        return address;
    }
    if (endpoint.host.find(':') != std::string::npos) {
        auto& v6 = as<sockaddr_in6>(address);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(endpoint.port);
        if (::inet_pton(AF_INET6, endpoint.host.c_str(), &v6.sin6_addr) == 1) return address;
    } else {
        auto& v4 = as<sockaddr_in>(address);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port);
        if (::inet_pton(AF_INET, endpoint.host.c_str(), &v4.sin_addr) == 1) return address;
    }
    return Error("use " + endpoint.host + ": not a literal address");
}

Result<UniqueFd> make_socket(const Address& address, int flags) {
    UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    if (!fd) return Error::from_errno(errno, "create socket");
    const int on = 1;
    if (address.storage.ss_family != AF_UNIX) {
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    return fd;
}

void read_port_back(int fd, Endpoint& endpoint) {
    if (endpoint.is_unix()) return;
    Address bound;
    bound.length = sizeof bound.storage;
    ::getsockname(fd, bound.get(), &bound.length);
    // The port stands at the same place in both families.
    endpoint.port = ntohs(reinterpret_cast<sockaddr_in&>(bound.storage).sin_port);
}

std::uint16_t parse_port(std::string_view text, std::string_view whole) {
    std::uint16_t port = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
        throw std::invalid_argument("not an address: " + std::string(whole));
    }
    return port;
}

}  // namespace

Endpoint Endpoint::tcp(std::string host, std::uint16_t port) {
    Endpoint endpoint;
    endpoint.host = std::move(host);
    endpoint.port = port;
    return endpoint;
}

Endpoint Endpoint::unix_socket(std::string path) {
    Endpoint endpoint;
    endpoint.path = std::move(path);
    return endpoint;
}

Endpoint Endpoint::parse(std::string_view text) {
    const std::string_view whole = text;
    if (text.starts_with("unix:")) return unix_socket(std::string(text.substr(5)));
    if (text.starts_with("http://")) text.remove_prefix(7);
    if (text.ends_with('/')) text.remove_suffix(1);
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) throw std::invalid_argument("not an address: " + std::string(whole));
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return tcp(std::string(host), parse_port(text.substr(colon + 1), whole));
}

std::string Endpoint::to_text() const {
    if (is_unix()) return "unix:" + path;
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<UniqueFd> start_connect(const Endpoint& endpoint) {
    auto address = address_of(endpoint);
    if (!address) return address.error();
    auto fd = make_socket(*address, SOCK_NONBLOCK);
    if (!fd) return fd;
    if (::connect(fd->get(), address->get(), address->length) == 0 || errno == EINPROGRESS) return fd;
    return Error::from_errno(errno, "connect to", endpoint.to_text());
}

Result<UniqueFd> listen_on(Endpoint& endpoint, int backlog) {
    auto address = address_of(endpoint);
    if (!address) return address.error();
    auto fd = make_socket(*address, 0);
    if (!fd) return fd;
    if (::bind(fd->get(), address->get(), address->length) != 0) {
        return Error::from_errno(errno, "bind", endpoint.to_text());
    }
    if (::listen(fd->get(), backlog) != 0) return Error::from_errno(errno, "listen on", endpoint.to_text());
    read_port_back(fd->get(), endpoint);
    return fd;
}

}  // namespace girin::test
