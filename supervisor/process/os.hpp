#pragma once

// The seam between the supervisor and the kernel: what has to do with time and with children, and nothing else, so that
// a test can make fork fail, a clock jump or a child die. Not here: sockets and files, which tests can have for real.

#include <sys/epoll.h>
#include <sys/types.h>

#include <optional>
#include <span>

#include "girin/base/clock.hpp"
#include "girin/base/unique_fd.hpp"

namespace girin {

/// What waitid() said about a child that has ended.
struct ChildExit {
    pid_t pid = 0;
    bool by_signal = false;
    int value = 0;  // the exit code, or the signal
    bool core_dumped = false;
    bool is_unknown = false;  // somebody else has reaped it; then `value` is a failure's

    ChildExit() = default;
    static ChildExit unknown();
    static ChildExit with_code(int code);
    static ChildExit with_signal(int signo, bool core = false);
};

struct ForkedChild {
    pid_t pid = 0;  // 0: this is the child
    UniqueFd pidfd; // or what stands in for one: readable once the child has ended; empty in the child

    ForkedChild() = default;
    ForkedChild(pid_t child_pid, UniqueFd fd) : pid(child_pid), pidfd(std::move(fd)) {}
};

/// For poll() and its like: rounded up, since waking a fraction too early would turn the rest into a busy loop.
int to_wait_ms(Duration left);

class Os {
  public:
    virtual ~Os() = default;

    virtual TimePoint now() = 0;
    /// How long the machine has been suspended since it started: grows only while everything stood still.
    virtual Duration suspended() = 0;

    /// Errors: no more processes or descriptors; then there is no child.
    virtual Result<ForkedChild> fork_child() = 0;
    /// A handle of a child that an earlier program in this process has left. Errors: it is none, or no more descriptors.
    virtual Result<UniqueFd> watch_child(pid_t pid) = 0;
    /// SIGCHLD has come, or may have: handles that aren't pidfds get readable now. wait_events() does so by itself.
    virtual void on_child_signal() = 0;
    /// How long a wait for a handle may be where SIGCHLD isn't heard; none: as long as one likes.
    virtual std::optional<Duration> longest_deaf_wait() = 0;
    /// Never blocks. Nothing: the child still runs. Reaps it otherwise. One that is no child any more has ended in an
    /// unknown way: the kernel has reaped it because SIGCHLD was ignored, or a library waits for all children.
    virtual Result<std::optional<ChildExit>> reap_child(int pidfd) = 0;
    /// Can't hit a stranger that was given the same pid. Errors: the child has ended (ESRCH).
    virtual Result<void> signal_child(int pidfd, int signo) = 0;
    /// A child that has ended and is none of `own`: one that was left to us as PID 1 or subreaper. Reaps it. Never
    /// blocks.
    virtual std::optional<pid_t> reap_adopted(std::span<const pid_t> own) = 0;

    /// Waits until something in `epoll_fd` is ready or `deadline` is reached; none: for ever. Returns how many of
    /// `events` are filled in; 0 also after an interruption.
    virtual Result<std::size_t> wait_events(int epoll_fd, std::span<epoll_event> events,
                                            std::optional<TimePoint> deadline) = 0;
};

/// The real one. Without pidfds (Linux before 5.4, or a filter) children are watched by SIGCHLD.
class LinuxOs : public Os {
  public:
    TimePoint now() override;
    Duration suspended() override;
    Result<ForkedChild> fork_child() override;
    Result<UniqueFd> watch_child(pid_t pid) override;
    void on_child_signal() override;
    std::optional<Duration> longest_deaf_wait() override;
    Result<std::optional<ChildExit>> reap_child(int pidfd) override;
    Result<void> signal_child(int pidfd, int signo) override;
    std::optional<pid_t> reap_adopted(std::span<const pid_t> own) override;
    Result<std::size_t> wait_events(int epoll_fd, std::span<epoll_event> events,
                                    std::optional<TimePoint> deadline) override;
};

}  // namespace girin
