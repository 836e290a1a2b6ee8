#pragma once

// UniqueFd: one owner of one file descriptor, and the few ways in which we make them. All are close-on-exec; handing
// one to another program is always explicit (clear_close_on_exec).

#include <utility>

#include "girin/base/error.hpp"

namespace girin {

class UniqueFd {
  public:
    UniqueFd() = default;
    /// Owns: closes `fd` when destroyed; -1 owns nothing.
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        reset(other.release());
        return *this;
    }
    ~UniqueFd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1);

  private:
    int fd_ = -1;
};

struct FdPair {
    UniqueFd first, second;
    FdPair() = default;
    FdPair(UniqueFd a, UniqueFd b) : first(std::move(a)), second(std::move(b)) {}
};

/// Another descriptor for the same open file, close-on-exec.
Result<UniqueFd> duplicate(int fd);
/// pipe2(O_CLOEXEC): first reads, second writes.
Result<FdPair> make_pipe();
/// A pair of connected AF_UNIX SOCK_SEQPACKET sockets, non-blocking and close-on-exec: message boundaries are kept,
/// and the end of one side is the end-of-file of the other.
Result<FdPair> make_channel_pair();
Result<void> set_nonblocking(int fd, bool on = true);
Result<void> clear_close_on_exec(int fd);

}  // namespace girin
