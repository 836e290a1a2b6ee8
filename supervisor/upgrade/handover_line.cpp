#include "supervisor/upgrade/handover_line.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace girin {
namespace {

constexpr std::size_t kLongest = 2000;

}  // namespace

void say(int fd, std::string_view text) {
    [[maybe_unused]] const ssize_t sent =
        ::send(fd, text.data(), std::min(text.size(), kLongest), MSG_NOSIGNAL | MSG_DONTWAIT);
}

HeardLine hear(int fd) {
    HeardLine heard;
    char text[kLongest];
    const ssize_t bytes = ::recv(fd, text, sizeof text, MSG_DONTWAIT);
    if (bytes > 0) heard.text = std::string(text, static_cast<std::size_t>(bytes));
    const bool is_empty = bytes < 0 && (errno == EAGAIN || errno == EINTR);
    heard.closed = bytes <= 0 && !is_empty;
    return heard;
}

}  // namespace girin
