#include "tests/fuzz/server/accepted_peers.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

namespace girin::test {
namespace {

constexpr std::string_view kNetwork = "127.9.0.";

unsigned g_accepted = 0;
int g_send_buffer_bytes = 0;

}  // namespace

void AcceptedPeers::reset(int send_buffer_bytes) {
    g_accepted = 0;
    g_send_buffer_bytes = send_buffer_bytes;
}

unsigned AcceptedPeers::count() { return g_accepted; }

unsigned AcceptedPeers::number_of(std::string_view address) {
    unsigned number = 0;
    if (!address.starts_with(kNetwork)) return 0;
    address.remove_prefix(kNetwork.size());
    std::from_chars(address.data(), address.data() + address.size(), number);
    return number;
}

}  // namespace girin::test

/// In the place of the C library's, for this program alone.
extern "C" int accept4(int listener, sockaddr* peer, socklen_t* size, int flags) {
    const auto fd = static_cast<int>(::syscall(SYS_accept4, listener, nullptr, nullptr, flags));
    if (fd < 0) return fd;
    ++girin::test::g_accepted;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(1000 + girin::test::g_accepted));
    address.sin_addr.s_addr = htonl(0x7f090000U + girin::test::g_accepted);
    if (peer != nullptr && size != nullptr && *size >= sizeof address) {
        std::memcpy(peer, &address, sizeof address);
        *size = sizeof address;
    }
    if (girin::test::g_send_buffer_bytes > 0) {
        ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &girin::test::g_send_buffer_bytes, sizeof girin::test::g_send_buffer_bytes);
    }
    return fd;
}
