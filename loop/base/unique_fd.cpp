#include "girin/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace girin {

void UniqueFd::reset(int fd) {
    if (fd_ >= 0 && fd_ != fd) ::close(fd_);
    fd_ = fd;
}

Result<UniqueFd> duplicate(int fd) {
    constexpr int kFirstOwn = 3;  // never standard input, output or error, should somebody have closed one
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, kFirstOwn);
    if (copy < 0) return Error::from_errno(errno, "duplicate descriptor", std::to_string(fd));
    return UniqueFd(copy);
}

Result<FdPair> make_pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) return Error::from_errno(errno, "create pipe");
    return FdPair(UniqueFd(fds[0]), UniqueFd(fds[1]));
}

Result<FdPair> make_channel_pair() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) {
        return Error::from_errno(errno, "create socket pair");
    }
    return FdPair(UniqueFd(fds[0]), UniqueFd(fds[1]));
}

Result<void> set_nonblocking(int fd, bool on) {
    const int flags = ::fcntl(fd, F_GETFL);
    const int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    if (flags < 0 || ::fcntl(fd, F_SETFL, wanted) != 0) {
        return Error::from_errno(errno, "set non-blocking mode of descriptor", std::to_string(fd));
    }
    return {};
}

Result<void> clear_close_on_exec(int fd) {
    if (::fcntl(fd, F_SETFD, 0) != 0) {
        return Error::from_errno(errno, "clear close-on-exec of descriptor", std::to_string(fd));
    }
    return {};
}

}  // namespace girin
