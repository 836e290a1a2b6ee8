#include "supervisor/settings_check.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>

#include "supervisor/exit_cause.hpp"

namespace girin {
namespace {

constexpr int kCheckFailed = 1;
constexpr std::size_t kLongestReason = 4000;  // fits a pipe, so the child never waits for the master to read

[[noreturn]] void run_check(int report_fd, const std::function<Result<void>()>& check) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const Result<void> outcome = check();
    if (!outcome) {
        const std::string reason = outcome.error().message().substr(0, kLongestReason);
        [[maybe_unused]] const ssize_t written = ::write(report_fd, reason.data(), reason.size());
    }
    ::_exit(outcome ? 0 : kCheckFailed);
}

std::string read_reason(int report_fd) {
    std::string reason(kLongestReason, '\0');
    const ssize_t bytes = ::read(report_fd, reason.data(), reason.size());
    reason.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    return reason;
}

}  // namespace

Result<SettingsCheck> SettingsCheck::start(Os& os, const std::function<void()>& leave_master,
                                           const std::function<Result<void>()>& check) {
    auto pipe = make_pipe();
    if (!pipe) return pipe.error();
    if (auto set = set_nonblocking(pipe->first.get()); !set) return set.error();
    auto child = os.fork_child();
    if (!child) return child.error();
    if (child->pid == 0) {
        leave_master();
        run_check(pipe->second.get(), check);
    }
    SettingsCheck started;
    started.child_ = std::move(*child);
    started.report_ = std::move(pipe->first);
    return started;
}

std::optional<Result<void>> SettingsCheck::poll_outcome(Os& os) {
    const auto ended = os.reap_child(pidfd());
    if (!ended) return Result<void>(ended.error());
    if (!*ended) return std::nullopt;
    child_.pidfd.reset();
    const ChildExit& exit = **ended;
    if (!exit.by_signal && exit.value == 0) return Result<void>();
    if (!given_up_.empty()) return Result<void>(Error(given_up_));
    const std::string reason = read_reason(report_.get());
    if (!exit.by_signal && !reason.empty()) return Result<void>(Error(reason));
    ExitEvidence evidence;
    evidence.ended = exit;
    return Result<void>(Error("checking the settings " + find_exit_cause(evidence).sentence));
}

void SettingsCheck::give_up(Os& os, std::string why) {
    if (given_up_.empty()) given_up_ = std::move(why);
    [[maybe_unused]] const auto sent = os.signal_child(pidfd(), SIGKILL);
}

}  // namespace girin
