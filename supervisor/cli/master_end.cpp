#include "supervisor/cli/master_end.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>

namespace girin {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kBetweenLooks{20};

struct Look {
    char state = '?';
    std::string started_at;  // in ticks since the machine's start
};

/// From /proc/PID/stat; without it nothing is known.
Look look_at(pid_t pid) {
    constexpr int kStartedAt = 19;  // counted from the state
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    const std::string stat{std::istreambuf_iterator<char>(file), {}};
    const std::size_t name_end = stat.rfind(')');  // the name may hold anything, brackets too
    Look look;
    if (name_end == stat.npos) return look;
    std::istringstream words(stat.substr(name_end + 1));
    std::string word;
    words >> look.state;
    for (int n = 0; n < kStartedAt && words >> word; ++n) look.started_at = word;
    return look;
}

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
    if (!handle_) started_at_ = look_at(pid).started_at;
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
    const Look now = look_at(pid_);
    return now.state == 'Z' || now.state == 'X' || (!now.started_at.empty() && now.started_at != started_at_);
}

}  // namespace girin
