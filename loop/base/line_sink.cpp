#include "loop/base/line_sink.hpp"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "loop/base/place.hpp"

namespace girin {
namespace {

bool is_standard(const std::string& file) { return file.empty() || file == "-"; }

/// Standard error belongs to others too (a shell, a terminal), so its flags are never changed: a pipe or terminal is
/// opened anew through /proc, which gives a description of our own that can be non-blocking.
UniqueFd reopen_nonblocking(int fd) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    return UniqueFd(::open(path.c_str(), O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

/// A file is shared as it is: opened anew it would have an offset of its own, and what each wrote would lie over what the
/// others had written. The number is our own: should somebody close the standard one, it may become a connection.
Result<UniqueFd> share_standard(int fd) {
    struct stat about {};
    if (::fstat(fd, &about) != 0) return Error::from_errno(errno, "use descriptor " + std::to_string(fd));
    const bool can_block = S_ISFIFO(about.st_mode) || S_ISCHR(about.st_mode);
    if (UniqueFd own = can_block ? reopen_nonblocking(fd) : UniqueFd()) return own;
    return duplicate(fd);
}

Result<UniqueFd> open_log_file(const std::string& file, Links links = Links::trusted) {
    constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY;
    const std::string what = "open log file " + file;
    if (links == Links::trusted) return open_file(file, kFlags, 0644, what);
    UniqueFd fd(::open(file.c_str(), kFlags | O_CLOEXEC, 0644));
    if (!fd) return Error::from_errno(errno, what);
    return fd;
}

/// Whether the pipe takes `bytes` in one piece, however others' lines lie in it: each page of it may be half empty.
bool has_room(int pipe, std::size_t bytes) {
    constexpr std::size_t kPage = PIPE_BUF;
    int waiting = 0;
    const int size = ::fcntl(pipe, F_GETPIPE_SZ);
    if (size < 0 || ::ioctl(pipe, FIONREAD, &waiting) != 0) return true;
    const std::size_t pages = static_cast<std::size_t>(size) / kPage;
    const std::size_t taken = waiting == 0 ? 0 : static_cast<std::size_t>(waiting) / (kPage / 2) + 1;
    return taken + bytes / kPage + 1 <= pages;
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

/// Makes `number` mean what `opened` does, without a moment in which it means nothing.
bool put_in_place_of(int number, int opened) {
    int placed = -1;
    do {
        placed = ::dup3(opened, number, O_CLOEXEC);
    } while (placed < 0 && (errno == EINTR || errno == EBUSY));
    return placed >= 0;
}

ssize_t write_to_stream(int fd, std::string_view lines) {
    const WriteSignalsHeld held;
    errno = 0;
    return ::write(fd, lines.data(), lines.size());
}

}  // namespace

Result<UniqueFd> open_for_sink(const std::string& file, int standard_fd, Links links) {
    return is_standard(file) ? share_standard(standard_fd) : open_log_file(file, links);
}

Result<void> LineSink::open(const std::string& file, int standard_fd) {
    auto opened = open_for_sink(file, standard_fd);
    if (opened) {
        use(std::move(*opened));
    } else if (is_standard(file)) {
        use_as_it_is(standard_fd);  // closed
    } else {
        return opened.error();
    }
    return {};
}

void LineSink::use(UniqueFd opened) {
    if (!owned_) {
        owned_ = std::move(opened);
    } else if (!put_in_place_of(owned_.get(), opened.get())) {
        return;
    }
    torn_.store(false, std::memory_order_relaxed);
    use_as_it_is(owned_.get());
}

void LineSink::use_as_it_is(int fd) {
    struct stat about {};
    const mode_t mode = ::fstat(fd, &about) == 0 ? about.st_mode : 0;
    kind_ = S_ISSOCK(mode) ? Kind::socket : S_ISFIFO(mode) ? Kind::pipe : S_ISCHR(mode) ? Kind::terminal : Kind::file;
    fd_ = fd;
}

bool LineSink::write(std::string_view lines) {
    const int fd = fd_.load(std::memory_order_relaxed);
    const bool fits = kind_.load(std::memory_order_relaxed) != Kind::pipe || lines.size() <= PIPE_BUF || has_room(fd, lines.size());
    // What follows a line that was torn all the same (a disk ran full in the midst of it) is a line of its own.
    const bool begins = !torn_.load(std::memory_order_relaxed) || put("\n") == 1;
    const ssize_t written = fits && begins ? put(lines) : -1;
    if (begins) torn_.store(written > 0 && written < static_cast<ssize_t>(lines.size()), std::memory_order_relaxed);
    if (written == static_cast<ssize_t>(lines.size())) return true;
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
}

ssize_t LineSink::put(std::string_view bytes) const {
    const int fd = fd_.load(std::memory_order_relaxed);
    const Kind kind = kind_.load(std::memory_order_relaxed);
    ssize_t written = -1;
    do {
        switch (kind) {
            case Kind::socket:
                written = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
                if (written < 0 && errno == ENOTSOCK) written = write_to_stream(fd, bytes);  // it has just changed
                break;
            case Kind::pipe:
            case Kind::terminal: written = write_to_stream(fd, bytes); break;
            case Kind::file: written = ::write(fd, bytes.data(), bytes.size()); break;
        }
    } while (written < 0 && errno == EINTR);
    return written;
}

}  // namespace girin
