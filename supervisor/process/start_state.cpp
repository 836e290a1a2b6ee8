#include "supervisor/process/start_state.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <initializer_list>

namespace girin {

void secure_standard_descriptors() {
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(standard, F_GETFD) >= 0) continue;
        // The lowest number that is free is this one: those before it are open by now.
        if (::open("/dev/null", O_RDWR) < 0) ::open("/", O_RDONLY | O_DIRECTORY);  // without /dev, too
    }
}

void stop_inherited_timers() {
    const itimerval off{};
    for (const auto timer : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) ::setitimer(timer, &off, nullptr);
}

unsigned leave_owner_rights() {
    const mode_t inherited = ::umask(077);
    ::umask(inherited & 077);
    return inherited;
}

}  // namespace girin
