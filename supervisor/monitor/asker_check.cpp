#include "supervisor/monitor/asker_check.hpp"

#include <arpa/inet.h>
#include <strings.h>

#include <algorithm>
#include <array>

namespace girin {
namespace {

/// Without port, brackets and the dot that may end a name.
std::string name_of(std::string_view host) {
    if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
    host = host.substr(0, host.find(':'));
    if (host.ends_with('.')) host.remove_suffix(1);
    return std::string(host);
}

bool is_address(const std::string& name) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 || ::inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

}  // namespace

bool is_own_host(std::string_view host, const std::vector<std::string>& names) {
    const std::string name = name_of(host);
    if (is_address(name) || ::strcasecmp(name.c_str(), "localhost") == 0) return true;
    return std::ranges::any_of(names, [&](const std::string& own) {
        return own == "*" || ::strcasecmp(name.c_str(), own.c_str()) == 0;
    });
}

bool is_from_other_site(std::string_view sec_fetch_site) {
    return sec_fetch_site == "cross-site" || sec_fetch_site == "same-site";
}

}  // namespace girin
