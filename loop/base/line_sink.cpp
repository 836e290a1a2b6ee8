#include "loop/base/line_sink.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace girin {
namespace {

bool is_standard(const std::string& file) { return file.empty() || file == "-"; }

/// Standard error belongs to others too (a shell, a terminal), so its flags are never changed: a pipe or terminal is
/// opened anew through /proc, which gives a description of our own that can be non-blocking.
UniqueFd reopen_nonblocking(int fd) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    return UniqueFd(::open(path.c_str(), O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

UniqueFd open_file(const std::string& file) {
    return UniqueFd(::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0644));
}

}  // namespace

Result<UniqueFd> open_for_sink(const std::string& file, int standard_fd) {
    if (is_standard(file)) {
        UniqueFd own = reopen_nonblocking(standard_fd);  // a socket can't be, and needn't
        return own ? Result<UniqueFd>(std::move(own)) : duplicate(standard_fd);
    }
    UniqueFd opened = open_file(file);
    if (!opened) return Error::from_errno(errno, "open log file", file);
    return opened;
}

Result<void> LineSink::open(const std::string& file, int standard_fd) {
    struct stat about {};
    if (is_standard(file)) {
        const bool known = ::fstat(standard_fd, &about) == 0;
        const bool can_block = known && (S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode));
        owned_ = can_block ? reopen_nonblocking(standard_fd) : UniqueFd();
        fd_ = owned_ ? owned_.get() : standard_fd;
        kind_ = known && S_ISSOCK(about.st_mode) ? Kind::socket : Kind::file;
    } else {
        UniqueFd fd = open_file(file);
        if (!fd) return Error::from_errno(errno, "open log file", file);
        fd_ = fd.get();
        owned_ = std::move(fd);
        kind_ = Kind::file;
    }
    file_ = file;
    standard_fd_ = standard_fd;
    return {};
}

Result<void> LineSink::reopen() {
    const std::string file = file_;
    return open(file, standard_fd_);
}

void LineSink::use(UniqueFd opened) {
    struct stat about {};
    kind_ = ::fstat(opened.get(), &about) == 0 && S_ISSOCK(about.st_mode) ? Kind::socket : Kind::file;
    fd_ = opened.get();
    owned_ = std::move(opened);
}

bool LineSink::write(std::string_view lines) {
    const int fd = fd_.load(std::memory_order_relaxed);
    ssize_t written;
    do {
        written = kind_ == Kind::socket
                      ? ::send(fd, lines.data(), lines.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                      : ::write(fd, lines.data(), lines.size());
    } while (written < 0 && errno == EINTR);
    if (written == static_cast<ssize_t>(lines.size())) return true;
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
}

}  // namespace girin
