#include "supervisor/monitor/backlogs.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "girin/base/unique_fd.hpp"

namespace girin {
namespace {

struct Query {
    nlmsghdr header{};
    inet_diag_req_v2 request{};
};

bool send_query(int fd, std::uint8_t family) {
    Query query;
    query.header.nlmsg_len = sizeof query;
    query.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    query.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    query.request.sdiag_family = family;
    query.request.sdiag_protocol = IPPROTO_TCP;
    query.request.idiag_states = 1U << TCP_LISTEN;
    return ::send(fd, &query, sizeof query, 0) == static_cast<ssize_t>(sizeof query);
}

/// "127.0.0.1:8000", "[::1]:8000", as addresses are told elsewhere.
std::string address_of(const inet_diag_msg& socket) {
    std::array<char, INET6_ADDRSTRLEN> host{};
    ::inet_ntop(socket.idiag_family, socket.id.idiag_src, host.data(), host.size());
    const std::string port = ":" + std::to_string(ntohs(socket.id.idiag_sport));
    return socket.idiag_family == AF_INET6 ? "[" + std::string(host.data()) + "]" + port : host.data() + port;
}

void count(const inet_diag_msg& socket, std::vector<Backlog>& backlogs) {
    const auto backlog = std::ranges::find(backlogs, address_of(socket), &Backlog::listener);
    if (backlog == backlogs.end()) return;
    backlog->waiting += socket.idiag_rqueue;
    backlog->limit += socket.idiag_wqueue;
}

/// False: there is no more to come.
bool count_all(const char* bytes, std::size_t size, std::vector<Backlog>& backlogs) {
    // By hand, because clang warns of the signs that the kernel's NLMSG_OK compares.
    while (size >= sizeof(nlmsghdr)) {
        const auto* message = reinterpret_cast<const nlmsghdr*>(bytes);
        if (message->nlmsg_len < sizeof(nlmsghdr) || message->nlmsg_len > size) return true;
        const std::size_t step = std::min<std::size_t>(NLMSG_ALIGN(message->nlmsg_len), size);
        bytes += step;
        size -= step;
        if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) return false;
        if (message->nlmsg_len < NLMSG_LENGTH(sizeof(inet_diag_msg))) continue;
        count(*static_cast<const inet_diag_msg*>(NLMSG_DATA(message)), backlogs);
    }
    return true;
}

void read_family(int fd, std::uint8_t family, std::vector<Backlog>& backlogs) {
    alignas(nlmsghdr) std::array<char, 16 * 1024> buffer;
    if (!send_query(fd, family)) return;
    for (;;) {
        const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (size <= 0 || !count_all(buffer.data(), static_cast<std::size_t>(size), backlogs)) return;
    }
}

}  // namespace

std::vector<Backlog> read_backlogs(std::string_view listeners) {
    std::vector<Backlog> backlogs;
    while (!listeners.empty()) {
        const std::string_view line = listeners.substr(0, listeners.find('\n'));
        if (!line.starts_with("unix:") && !line.empty()) backlogs.push_back(Backlog{std::string(line)});
        listeners.remove_prefix(std::min(line.size() + 1, listeners.size()));
    }
    const UniqueFd fd(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    const timeval limit{1, 0};
    if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) return {};
    read_family(fd.get(), AF_INET, backlogs);
    read_family(fd.get(), AF_INET6, backlogs);
    return backlogs;
}

}  // namespace girin
