#include "loop/base/line_sink.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace girin {
namespace {

constexpr int kFirstOwn = 3;  // after standard input, output and error

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

/// In the calling thread what a write to a pipe or terminal may raise has no effect, for as long as this lives. An
/// application may have given SIGPIPE its default back, which would end the process.
class WriteSignalsHeld {
  public:
    WriteSignalsHeld() {
        sigemptyset(&held_);
        sigaddset(&held_, SIGPIPE);
        sigaddset(&held_, SIGTTOU);
        ::pthread_sigmask(SIG_BLOCK, &held_, &before_);
        sigset_t pending;
        sigemptyset(&pending);
        if (sigismember(&before_, SIGPIPE) == 1) ::sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    }
    ~WriteSignalsHeld() {
        const int kept_errno = errno;
        if (!was_pending_) take_pipe_signal();
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        errno = kept_errno;
    }
    WriteSignalsHeld(const WriteSignalsHeld&) = delete;
    WriteSignalsHeld& operator=(const WriteSignalsHeld&) = delete;

  private:
    void take_pipe_signal() const {
        sigset_t pipe;
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        const timespec at_once{};
        if (errno == EPIPE) ::sigtimedwait(&pipe, nullptr, &at_once);
    }

    sigset_t held_, before_;
    bool was_pending_ = false;
};

ssize_t write_to_stream(int fd, std::string_view lines) {
    const WriteSignalsHeld held;
    errno = 0;
    return ::write(fd, lines.data(), lines.size());
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
        UniqueFd own = can_block ? reopen_nonblocking(standard_fd) : UniqueFd();
        // A number of our own: should somebody close the standard one, it may become a connection.
        if (!own && known) own = UniqueFd(::fcntl(standard_fd, F_DUPFD_CLOEXEC, kFirstOwn));
        own ? use(std::move(own)) : use_as_it_is(standard_fd);
    } else {
        UniqueFd fd = open_file(file);
        if (!fd) return Error::from_errno(errno, "open log file", file);
        use(std::move(fd));
    }
    file_ = file;
    standard_fd_ = standard_fd;
    return {};
}

Result<void> LineSink::reopen() {
    if (is_standard(file_)) return {};
    const std::string file = file_;
    return open(file, standard_fd_);
}

void LineSink::use(UniqueFd opened) {
    use_as_it_is(opened.get());
    owned_ = std::move(opened);
}

void LineSink::use_as_it_is(int fd) {
    struct stat about {};
    const mode_t mode = ::fstat(fd, &about) == 0 ? about.st_mode : 0;
    kind_ = S_ISSOCK(mode) ? Kind::socket : S_ISFIFO(mode) || S_ISCHR(mode) ? Kind::stream : Kind::file;
    fd_ = fd;
}

bool LineSink::write(std::string_view lines) {
    const int fd = fd_.load(std::memory_order_relaxed);
    ssize_t written = -1;
    do {
        switch (kind_) {
            case Kind::socket: written = ::send(fd, lines.data(), lines.size(), MSG_DONTWAIT | MSG_NOSIGNAL); break;
            case Kind::stream: written = write_to_stream(fd, lines); break;
            case Kind::file: written = ::write(fd, lines.data(), lines.size()); break;
        }
    } while (written < 0 && errno == EINTR);
    if (written == static_cast<ssize_t>(lines.size())) return true;
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
}

}  // namespace girin
