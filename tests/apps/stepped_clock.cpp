// A wall clock that can be set while a program runs, for that program alone: preloaded, it adds the seconds that the
// file CLOCK_STEP_FILE has (64 bits) to what the kernel says. Monotonic clocks are as they are.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

/// Null: no file; then the clock is right.
const volatile std::int64_t* map_step() {
    const char* path = std::getenv("CLOCK_STEP_FILE");
    const int fd = path ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return nullptr;
    void* mapped = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0);
    ::close(fd);
    return mapped == MAP_FAILED ? nullptr : static_cast<const volatile std::int64_t*>(mapped);
}

time_t step() {
    const int saved = errno;
    static const volatile std::int64_t* const mapped = map_step();
    errno = saved;
    return mapped ? static_cast<time_t>(*mapped) : 0;
}

bool is_wall(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

}  // namespace

#define GIRIN_EXPORTED extern "C" [[gnu::visibility("default")]]

GIRIN_EXPORTED int clock_gettime(clockid_t clock, timespec* now) noexcept {
    if (::syscall(SYS_clock_gettime, clock, now) != 0) return -1;
    if (is_wall(clock)) now->tv_sec += step();
    return 0;
}

GIRIN_EXPORTED int gettimeofday(timeval* now, void*) noexcept {
    timespec precise{};
    if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

GIRIN_EXPORTED time_t time(time_t* also) noexcept {
    timespec now{};
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    if (also) *also = now.tv_sec;
    return now.tv_sec;
}
