#include "worker/process/orderly_exit.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "loop/base/log_output.hpp"

namespace girin {
namespace {

volatile int g_code = 0;  // a signal handler has no other way to it

void on_late(int) {
    constexpr char kText[] = "girin: a worker's static destructors or exit handlers take too long; it ends without them\n";
    [[maybe_unused]] const ssize_t written = ::write(log_fd(), kText, std::strlen(kText));
    ::_exit(g_code);
}

}  // namespace

void exit_orderly(int code, TimePoint left_since) {
    g_code = code;
    const auto gone = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - left_since);
    ::signal(SIGALRM, &on_late);
    sigset_t alarm;
    ::sigemptyset(&alarm);
    ::sigaddset(&alarm, SIGALRM);
    ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
    ::alarm(static_cast<unsigned>(std::max(kExitPatience - gone, kLeastExitPatience).count()));
    std::exit(code);
}

}  // namespace girin
