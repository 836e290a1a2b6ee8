#include "supervisor/process/child_watch.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace girin {
namespace {

std::string find_refused_call() {
    const UniqueFd own(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
    if (!own) return Error::from_errno(errno, "pidfd_open").message();
    if (::syscall(SYS_pidfd_send_signal, own.get(), 0, nullptr, 0) == 0) return {};
    return Error::from_errno(errno, "pidfd_send_signal").message();
}

bool has_ended(pid_t child) {
    siginfo_t info{};
    const int peeked = ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT);
    return peeked == 0 ? info.si_pid != 0 : errno == ECHILD;
}

}  // namespace

const std::string& refused_pidfd_call() {
    static const std::string refused = find_refused_call();
    return refused;
}

ChildWatch& ChildWatch::of_process() {
    static ChildWatch watch;
    return watch;
}

Result<UniqueFd> ChildWatch::watch(pid_t child) {
    auto line = make_pipe();
    if (!line) return line.error();
    const int reading = line->first.get();
    all_[reading] = Child{child, std::move(line->second)};
    return std::move(line->first);
}

std::optional<pid_t> ChildWatch::find(int fd) const {
    const auto found = all_.find(fd);
    return found == all_.end() ? std::nullopt : std::optional(found->second.pid);
}

void ChildWatch::look() {
    for (auto& [reading, child] : all_) {
        if (child.open_while_it_runs && has_ended(child.pid)) child.open_while_it_runs.reset();
    }
}

}  // namespace girin
