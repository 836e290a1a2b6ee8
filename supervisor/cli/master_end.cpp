#include "supervisor/cli/master_end.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "supervisor/health/process_sample.hpp"

namespace girin {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kBetweenLooks{20};

int poll_for(pollfd* fds, nfds_t count, Clock::time_point until, milliseconds most) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    return ::poll(fds, count, static_cast<int>(std::clamp(left, milliseconds(0), most).count()));
}

}  // namespace

MasterEnd::MasterEnd(pid_t pid) {
    if (pid <= 0 || (::kill(pid, 0) != 0 && errno == ESRCH)) return;
    handle_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!handle_ && errno == ESRCH) return;
    pid_ = pid;
    if (!handle_) started_ = read_process_stat(pid).started;
}

bool MasterEnd::wait_blocking(milliseconds limit) const {
    const Clock::time_point until = Clock::now() + limit;
    pollfd ended{handle_.get(), POLLIN, 0};
    while (true) {
        if (!handle_ && has_ended()) return true;
        if (poll_for(&ended, handle_ ? 1 : 0, until, handle_ ? limit : kBetweenLooks) > 0) return true;
        if (Clock::now() >= until) return !handle_ && has_ended();
    }
}

bool MasterEnd::has_ended() const {
    if (::kill(pid_, 0) != 0 && errno == ESRCH) return true;
    const ProcessSample now = read_process_stat(pid_);
    return now.state == 'Z' || now.state == 'X' || (now.started && now.started != started_);
}

}  // namespace girin
