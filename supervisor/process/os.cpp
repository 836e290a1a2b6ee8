#include "supervisor/process/os.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "supervisor/process/child_watch.hpp"
#include "supervisor/process/signals.hpp"

namespace girin {
namespace {

Duration read_clock(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

ChildExit to_child_exit(const siginfo_t& info) {
    ChildExit ended = info.si_code == CLD_EXITED
                          ? ChildExit::with_code(info.si_status)
                          : ChildExit::with_signal(info.si_status, info.si_code == CLD_DUMPED);
    ended.pid = info.si_pid;
    return ended;
}

}  // namespace

int to_wait_ms(Duration left) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::clamp<std::int64_t>(ms, 0, INT_MAX));
}

ChildExit ChildExit::unknown() {
    ChildExit ended = with_code(1);
    ended.is_unknown = true;
    return ended;
}

ChildExit ChildExit::with_code(int code) {
    ChildExit ended;
    ended.value = code;
    return ended;
}

ChildExit ChildExit::with_signal(int signo, bool core) {
    ChildExit ended;
    ended.by_signal = true;
    ended.value = signo;
    ended.core_dumped = core;
    return ended;
}

TimePoint LinuxOs::now() { return Clock::now(); }

Duration LinuxOs::suspended() { return read_clock(CLOCK_BOOTTIME) - read_clock(CLOCK_MONOTONIC); }

Result<ForkedChild> LinuxOs::fork_child() {
    keep_ended_children();  // a callback or a library may have had them reaped, before we could watch them
    const pid_t pid = ::fork();
    if (pid < 0) return Error::from_errno(errno, "fork");
    if (pid == 0) ChildWatch::of_process().forget();
    if (pid == 0) return ForkedChild();
    // The pid can't be another's yet: the child is ours to reap, and hasn't been.
    auto handle = watch_child(pid);
    if (!handle) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);  // bounded: KILL can't be refused, and the child has nothing to wind up yet
        return handle.error();
    }
    return ForkedChild(pid, std::move(*handle));
}

Result<UniqueFd> LinuxOs::watch_child(pid_t pid) {
    if (!refused_pidfd_call().empty()) return ChildWatch::of_process().watch(pid);
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!pidfd) return Error::from_errno(errno, "watch a child");
    return pidfd;
}

void LinuxOs::on_child_signal() { ChildWatch::of_process().look(); }

std::optional<Duration> LinuxOs::longest_deaf_wait() {
    constexpr Duration kLookEvery = std::chrono::milliseconds(20);
    return ChildWatch::of_process().empty() ? std::nullopt : std::optional(kLookEvery);
}

Result<std::optional<ChildExit>> LinuxOs::reap_child(int pidfd) {
    siginfo_t info{};
    const auto watched = ChildWatch::of_process().find(pidfd);
    const auto kind = watched ? P_PID : static_cast<idtype_t>(P_PIDFD);
    if (::waitid(kind, static_cast<id_t>(watched.value_or(pidfd)), &info, WEXITED | WNOHANG) != 0) {
        if (errno != ECHILD) return Error::from_errno(errno, "wait for a child");
        keep_ended_children();  // the next ones can be waited for
        ChildWatch::of_process().remove(pidfd);
        return std::optional<ChildExit>(ChildExit::unknown());
    }
    if (info.si_pid == 0) return std::optional<ChildExit>();
    ChildWatch::of_process().remove(pidfd);
    return std::optional<ChildExit>(to_child_exit(info));
}

Result<void> LinuxOs::signal_child(int pidfd, int signo) {
    const auto watched = ChildWatch::of_process().find(pidfd);  // not reaped yet, so the number is no other's
    const long sent = watched ? ::kill(*watched, signo) : ::syscall(SYS_pidfd_send_signal, pidfd, signo, nullptr, 0);
    if (sent != 0) {
        return Error::from_errno(errno, "send a signal to a child");
    }
    return {};
}

std::optional<pid_t> LinuxOs::reap_adopted(std::span<const pid_t> own) {
    siginfo_t info{};
    const int peek = WEXITED | WNOHANG | WNOWAIT;
    if (::waitid(P_ALL, 0, &info, peek) != 0 || info.si_pid == 0) return std::nullopt;
    // Our own are reaped through their pidfds, which knows their slot; the next SIGCHLD looks for the rest.
    if (std::find(own.begin(), own.end(), info.si_pid) != own.end()) return std::nullopt;
    ::waitpid(info.si_pid, nullptr, WNOHANG);
    return info.si_pid;
}

Result<std::size_t> LinuxOs::wait_events(int epoll_fd, std::span<epoll_event> events,
                                         std::optional<TimePoint> deadline) {
    on_child_signal();  // which may have ended the former wait
    const int wait_ms = deadline ? to_wait_ms(*deadline - now()) : -1;
    const int count = ::epoll_wait(epoll_fd, events.data(), static_cast<int>(events.size()), wait_ms);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR) return std::size_t{0};
    return Error::from_errno(errno, "wait for events");
}

}  // namespace girin
