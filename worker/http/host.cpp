#include "worker/http/host.hpp"

#include <arpa/inet.h>

#include <cstring>

#include "worker/http/chars.hpp"

namespace girin {
namespace {

bool is_port(std::string_view port) {
    if (port.size() > 5 || !chars::all(port, chars::kDigit)) return false;
    unsigned value = 0;
    for (char c : port) value = value * 10 + static_cast<unsigned>(c - '0');
    return value <= 65535;
}

bool is_ipv6(std::string_view address) {
    char text[INET6_ADDRSTRLEN];
    if (address.size() >= sizeof text || address.find('\0') != std::string_view::npos) return false;
    std::memcpy(text, address.data(), address.size());
    text[address.size()] = '\0';
    in6_addr ignored;
    return inet_pton(AF_INET6, text, &ignored) == 1;
}

bool is_reg_name(std::string_view name) {
    std::size_t at = 0;
    while ((at = chars::skip(name, at, name.size(), chars::kRegName)) < name.size()) {
        if (name[at] != '%' || name.size() - at < 3) return false;
        if (!chars::is(name[at + 1], chars::kHex) || !chars::is(name[at + 2], chars::kHex)) return false;
        at += 3;
    }
    return !name.empty();
}

}  // namespace

bool parse_host(std::string_view text, Host& host) {
    const bool literal = text.starts_with('[');
    std::size_t name_end = literal ? text.find(']') : text.find(':');
    if (literal && name_end == std::string_view::npos) return false;
    if (literal) ++name_end;
    host.name = text.substr(0, name_end);
    host.port = {};
    if (host.name.size() < text.size()) {
        if (text[host.name.size()] != ':') return false;
        host.port = text.substr(host.name.size() + 1);
    }
    if (!is_port(host.port)) return false;
    return literal ? is_ipv6(host.name.substr(1, host.name.size() - 2)) : is_reg_name(host.name);
}

}  // namespace girin
