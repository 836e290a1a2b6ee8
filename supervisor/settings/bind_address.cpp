#include "supervisor/settings/bind_address.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <utility>
#include <vector>

namespace girin {
namespace {

constexpr std::uint16_t kDefaultPort = 8000;
constexpr std::string_view kForms = "HOST:PORT, :PORT, [IPV6]:PORT, unix:PATH or fd://N";
constexpr std::size_t kUnixPathBytes = sizeof(sockaddr_un{}.sun_path) - 1;

std::string in_quotes(std::string_view text) {
    return "'" + std::string(text) + "'";
}

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

template <class Number>
bool read_number(std::string_view digits, Number& number) {
    if (!is_digits(digits)) return false;
    const auto end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, number);
    return error == std::errc() && stopped == end;
}

bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
}

// With a zone, as in fe80::1%eth0. The kernel judges the rest.
bool is_v6_character(char c) {
    return is_host_character(c) || c == ':' || c == '%';
}

Result<std::uint16_t> parse_port(std::string_view whole, std::string_view port) {
    std::uint16_t number = 0;
    if (read_number(port, number)) return number;
    if (port.empty()) return Error(in_quotes(whole) + " ends without a port");
    return Error(in_quotes(whole) + " has no valid port: " + in_quotes(port) + " is not a number from 0 to 65535");
}

Result<BindAddress> parse_unix(std::string_view whole, std::string_view path) {
    if (path.starts_with("//")) path.remove_prefix(2);
    if (path.empty()) return Error(in_quotes(whole) + " has no path: write unix:/run/name.sock");
    if (path.front() == '@') {
        return Error(in_quotes(whole) + " is an abstract socket, which anybody could take: write a path of a file");
    }
    if (path.back() == '/') return Error(in_quotes(whole) + " names a directory: a file's name is missing at its end");
    if (path.find('\0') != path.npos) return Error(in_quotes(whole) + " has a NUL in its path");
    if (path.size() > kUnixPathBytes) {
        return Error(in_quotes(whole) + " has a path of " + std::to_string(path.size()) +
                     " bytes: the kernel takes at most " + std::to_string(kUnixPathBytes));
    }
    return BindAddress::unix_socket(std::string(path));
}

Result<BindAddress> parse_inherited(std::string_view whole, std::string_view number) {
    int fd = -1;
    if (!read_number(number, fd)) {
        return Error(in_quotes(whole) + " has no valid descriptor: " + in_quotes(number) + " is not a whole number");
    }
    return BindAddress::inherited(fd);
}

Result<BindAddress> parse_bracketed(std::string_view whole) {
    const std::size_t close = whole.find(']');
    if (close == whole.npos) return Error(in_quotes(whole) + " lacks the bracket ']' after the IPv6 address");
    const std::string_view host = whole.substr(1, close - 1);
    const std::string_view rest = whole.substr(close + 1);
    if (host.find(':') == host.npos || !std::ranges::all_of(host, is_v6_character)) {
        return Error(in_quotes(whole) + " has no IPv6 address in its brackets: " + in_quotes(host));
    }
    if (rest.empty()) return BindAddress::tcp(std::string(host), kDefaultPort);
    if (rest.front() != ':') return Error(in_quotes(whole) + " has " + in_quotes(rest) + " after its bracket, not :PORT");
    const auto port = parse_port(whole, rest.substr(1));
    if (!port) return port.error();
    return BindAddress::tcp(std::string(host), *port);
}

Result<BindAddress> parse_host(std::string_view whole) {
    const std::size_t colon = whole.find(':');
    if (whole.find(':', colon + 1) != whole.npos && colon != whole.npos) {
        return Error(in_quotes(whole) + " has several colons: an IPv6 address stands in brackets, as [::1]:8000");
    }
    std::string_view host = whole.substr(0, colon);
    if (host.empty() || host == "*") host = "0.0.0.0";
    if (colon == whole.npos && is_digits(whole)) {
        return Error(in_quotes(whole) + " is a port without a host: write ':" + std::string(whole) +
                     "' for every interface or '127.0.0.1:" + std::string(whole) + "' for this machine only");
    }
    if (!std::ranges::all_of(host, is_host_character)) {
        return Error(in_quotes(whole) + " has no valid host: " + in_quotes(host) + "; an address is " + std::string(kForms));
    }
    if (colon == whole.npos) return BindAddress::tcp(std::string(host), kDefaultPort);
    const auto port = parse_port(whole, whole.substr(colon + 1));
    if (!port) return port.error();
    return BindAddress::tcp(std::string(host), *port);
}

/// As the kernel has it. `length` 0: a name, which is told by its text.
struct Host {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    std::size_t length = 0;

    explicit Host(const std::string& text) {
        if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) length = sizeof(in_addr);
        else if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) length = sizeof(in6_addr);
    }
    bool is_every() const { return length > 0 && bytes == decltype(bytes){}; }
};

/// Whether sockets for IPv6 take IPv4 too is for who opens them to choose, so families don't meet here.
bool meet(const std::string& one, const std::string& other) {
    const Host a(one), b(other);
    if (a.length == 0 || b.length == 0) return one == other;
    return a.length == b.length && (a.bytes == b.bytes || a.is_every() || b.is_every());
}

/// But for "." and repeated slashes. What ".." leads to isn't told by a path's text, as a link may come before it.
bool is_one_path(const std::string& one, const std::string& other) {
    const auto parts = [](const std::string& text) {
        std::vector<std::string> all;
        for (const auto& part : std::filesystem::path(text)) {
            if (!part.empty() && part != ".") all.push_back(part);
        }
        return all;
    };
    return parts(one) == parts(other);
}

}  // namespace

BindAddress BindAddress::tcp(std::string host, std::uint16_t port) {
    BindAddress address;
    address.host = std::move(host);
    address.port = port;
    return address;
}

BindAddress BindAddress::unix_socket(std::string path) {
    BindAddress address = tcp({}, 0);
    address.kind = Kind::unix_socket;
    address.path = std::move(path);
    return address;
}

BindAddress BindAddress::inherited(int fd) {
    BindAddress address = tcp({}, 0);
    address.kind = Kind::inherited;
    address.fd = fd;
    return address;
}

std::string BindAddress::to_text() const {
    switch (kind) {
        case Kind::unix_socket: return "unix:" + path;
        case Kind::inherited: return "fd://" + std::to_string(fd);
        case Kind::tcp: break;
    }
    const bool is_v6 = host.find(':') != host.npos;
    return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool exclude_each_other(const BindAddress& one, const BindAddress& other) {
    if (one.kind != other.kind) return false;
    switch (one.kind) {
        case BindAddress::Kind::unix_socket: return is_one_path(one.path, other.path);
        case BindAddress::Kind::inherited: return one.fd == other.fd;
        case BindAddress::Kind::tcp: break;
    }
    return one.port != 0 && one.port == other.port && meet(one.host, other.host);
}

Result<BindAddress> parse_bind_address(std::string_view text) {
    if (text.empty()) return Error("an address is missing: it is " + std::string(kForms));
    if (text.starts_with("unix:")) return parse_unix(text, text.substr(5));
    if (text.starts_with("fd://")) return parse_inherited(text, text.substr(5));
    if (const auto scheme = text.find("://"); scheme != text.npos) {
        return Error(in_quotes(text) + " begins with a scheme, which an address doesn't have: write " +
                     in_quotes(text.substr(scheme + 3)));
    }
    if (text.front() == '[') return parse_bracketed(text);
    return parse_host(text);
}

}  // namespace girin
