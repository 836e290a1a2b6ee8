#include "supervisor/exec/notify_receiver.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace girin {
namespace {

/// One datagram and who sent it, as the kernel says; 0: it doesn't. False: nothing is there.
bool receive_one(int socket, char* text, std::size_t& bytes, pid_t& sender) {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
    iovec into{text, bytes};
    msghdr header{};
    header.msg_iov = &into;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    const ssize_t received = ::recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (received < 0) return false;
    bytes = static_cast<std::size_t>(received);
    sender = 0;
    const cmsghdr* const first = CMSG_FIRSTHDR(&header);
    if (first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_CREDENTIALS) {
        ucred credentials{};
        std::memcpy(&credentials, CMSG_DATA(first), sizeof credentials);
        sender = credentials.pid;
    }
    return true;
}

}  // namespace

NotifyNews parse_notification(std::string_view datagram) {
    NotifyNews news;
    while (!datagram.empty()) {
        const std::size_t end = datagram.find('\n');
        const std::string_view line = datagram.substr(0, end);
        datagram.remove_prefix(end == datagram.npos ? datagram.size() : end + 1);
        if (line == "READY=1") news.ready = true;
        if (line == "STOPPING=1") news.stopping = true;
        if (line == "WATCHDOG=1") news.alive = true;
        if (line.starts_with("STATUS=")) news.status = line.substr(7);
    }
    return news;
}

Result<NotifyReceiver> NotifyReceiver::open() {
    NotifyReceiver opened;
    opened.socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!opened.socket_) return Error::from_errno(errno, "open socket for", "NOTIFY_SOCKET");
    const int on = 1;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto* const general = reinterpret_cast<sockaddr*>(&address);
    socklen_t bytes = sizeof address;
    const bool bound = ::setsockopt(opened.fd(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 &&
                       ::bind(opened.fd(), general, sizeof(sa_family_t)) == 0 &&
                       ::getsockname(opened.fd(), general, &bytes) == 0;
    if (!bound) return Error::from_errno(errno, "bind socket for", "NOTIFY_SOCKET");
    const std::size_t name_bytes = bytes - offsetof(sockaddr_un, sun_path);
    opened.address_ = "@" + std::string(address.sun_path + 1, name_bytes - 1);
    return opened;
}

std::optional<NotifyNews> NotifyReceiver::receive(pid_t group) {
    char text[kMostBytes];
    is_flooded_ = false;
    for (std::size_t strangers = 0; strangers < kStrangersAtOnce; ++strangers) {
        std::size_t bytes = sizeof text;
        pid_t sender = 0;
        if (!receive_one(fd(), text, bytes, sender)) return std::nullopt;
        const bool is_ours = sender > 0 && (sender == group || ::getpgid(sender) == group);
        if (is_ours) return parse_notification(std::string_view(text, bytes));
    }
    is_flooded_ = true;
    return std::nullopt;
}

std::optional<std::string> StatusLimiter::admit(std::string status, TimePoint now) {
    const TimePoint since = refilled_at_.value_or(now);
    const auto more = static_cast<std::size_t>((now - since) / kInterval);
    refilled_at_ = since + static_cast<std::int64_t>(more) * kInterval;
    left_ = std::min(kAtOnce, left_ + std::min(more, kAtOnce));
    if (left_ == 0) {
        ++left_out_;
        return std::nullopt;
    }
    --left_;
    if (status.size() > kMostBytes) {
        std::size_t end = kMostBytes;
        while (end > 0 && (static_cast<unsigned char>(status[end]) & 0xC0U) == 0x80U) --end;
        status.resize(end);
        status += "…";
    }
    if (left_out_ > 0) status += " (" + std::to_string(left_out_) + " before it are left out)";
    left_out_ = 0;
    return status;
}

}  // namespace girin
