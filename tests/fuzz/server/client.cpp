#include "tests/fuzz/server/client.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "tests/fuzz/server/verdict.hpp"

namespace girin::test {

FuzzClient::FuzzClient(const std::string& name, unsigned number, TimePoint now) : number_(number), progress_(now) {
    fd_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
        expect(errno == ECONNREFUSED, "a client connects, or nobody listens", std::strerror(errno));
        ended_ = true;
        fd_.reset();
    }
}

std::size_t FuzzClient::send(std::size_t most) {
    if (!fd_ || most == 0 || queued_.empty()) return 0;
    const ssize_t sent = ::send(fd_.get(), queued_.data(), std::min(most, queued_.size()), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return 0;
    queued_.erase(0, static_cast<std::size_t>(sent));
    return static_cast<std::size_t>(sent);
}

bool FuzzClient::receive(std::size_t most, TimePoint now) {
    if (!fd_ || ended_ || most == 0) return false;
    static char buffer[65536];
    const ssize_t got = ::recv(fd_.get(), buffer, std::min(most, sizeof buffer), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return false;
    progress_ = received_at_ = now;
    if (got > 0) {
        received_.append(buffer, static_cast<std::size_t>(got));
        return true;
    }
    ended_ = true;
    return false;
}

void FuzzClient::half_close(TimePoint now) {
    if (fd_) ::shutdown(fd_.get(), SHUT_WR);
    half_closed_at_ = std::min(half_closed_at_, now);
}

}  // namespace girin::test
