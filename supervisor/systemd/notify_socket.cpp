#include "supervisor/systemd/notify_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace girin {
namespace {

struct UnixAddress {
    sockaddr_un address{};
    socklen_t bytes = 0;

    UnixAddress() = default;
};

UnixAddress to_unix_address(const std::string& text) {
    UnixAddress result;
    result.address.sun_family = AF_UNIX;
    std::memcpy(result.address.sun_path, text.data(), text.size());
    if (text[0] == '@') result.address.sun_path[0] = '\0';
    // An abstract name is as long as it is told to be; a path ends with its zero.
    const std::size_t end = text[0] == '@' ? 0 : 1;
    result.bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + text.size() + end);
    return result;
}

void attach(msghdr& header, std::vector<std::byte>& control, const std::vector<int>& fds) {
    if (fds.empty()) return;
    const std::size_t bytes = fds.size() * sizeof(int);
    control.assign(CMSG_SPACE(bytes), std::byte{});
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* const rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(rights), fds.data(), bytes);
}

}  // namespace

Result<NotifySocket> NotifySocket::open(const std::string& address) {
    NotifySocket opened;
    if (address.empty()) return opened;
    const bool is_known = address[0] == '/' || (address[0] == '@' && address.size() > 1);
    if (!is_known || address.size() >= sizeof(sockaddr_un{}.sun_path)) {
        return Error("NOTIFY_SOCKET '" + address + "': an absolute path or @name of up to 107 bytes is needed");
    }
    opened.socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!opened.socket_) return Error::from_errno(errno, "open socket for", "NOTIFY_SOCKET");
    opened.address_ = address;
    return opened;
}

void NotifySocket::send(std::string message) { send_with(std::move(message), {}); }

void NotifySocket::send_with(std::string message, const std::vector<int>& fds) {
    if (!socket_) return;
    flush();
    if (!waiting_.empty() || try_send(message, fds) == Sent::later) keep(std::move(message), fds);
}

void NotifySocket::flush() {
    while (!waiting_.empty()) {
        std::vector<int> fds;
        for (const UniqueFd& fd : waiting_.front().fds) fds.push_back(fd.get());
        if (try_send(waiting_.front().message, fds) == Sent::later) return;
        waiting_.pop_front();
    }
}

void NotifySocket::close() {
    waiting_.clear();
    socket_.reset();
}

NotifySocket::Sent NotifySocket::try_send(const std::string& message, const std::vector<int>& fds) const {
    UnixAddress to = to_unix_address(address_);
    iovec text{const_cast<char*>(message.data()), message.size()};
    std::vector<std::byte> control;
    msghdr header{};
    header.msg_name = &to.address;
    header.msg_namelen = to.bytes;
    header.msg_iov = &text;
    header.msg_iovlen = 1;
    attach(header, control, fds);
    if (::sendmsg(socket_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return Sent::yes;
    const bool is_full = errno == EAGAIN || errno == ENOBUFS || errno == EINTR;
    return is_full ? Sent::later : Sent::never;
}

void NotifySocket::keep(std::string message, const std::vector<int>& fds) {
    Waiting waiting;
    waiting.message = std::move(message);
    for (const int fd : fds) {
        auto copy = duplicate(fd);
        if (!copy) return;  // without its descriptor the message would be wrong
        waiting.fds.push_back(std::move(*copy));
    }
    if (waiting_.size() >= kMostWaiting) waiting_.pop_front();
    waiting_.push_back(std::move(waiting));
}

}  // namespace girin
