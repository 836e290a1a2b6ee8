#include "supervisor/process/descriptors.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>

namespace girin {
namespace {

void mark_open_ones(int first) {
    DIR* const directory = ::opendir("/proc/self/fd");
    if (!directory) return;
    while (const dirent* entry = ::readdir(directory)) {
        const int fd = std::atoi(entry->d_name);  // "." and ".." are 0, below any `first`
        if (fd >= first) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    ::closedir(directory);
}

}  // namespace

void close_on_exec_from(int first) {
    const auto from = static_cast<unsigned>(first);
    if (::syscall(SYS_close_range, from, UINT_MAX, static_cast<unsigned>(CLOSE_RANGE_CLOEXEC)) != 0) {
        mark_open_ones(first);
    }
}

}  // namespace girin
