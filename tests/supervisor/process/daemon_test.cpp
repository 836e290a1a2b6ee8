// What the starting process of a daemon tells its caller.

#include "supervisor/process/daemon.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "supervisor/process/signals.hpp"

namespace girin {
namespace {

struct StartOutcome {
    int exit_code = -1;
    std::string error;
};

/// Runs `daemon` as the daemon of a starting process, and waits for the latter.
StartOutcome start_daemon(const std::function<void(DaemonNotice&)>& daemon) {
    auto pipe = make_pipe().value();
    const pid_t starter = ::fork();
    if (starter == 0) {
        ::dup2(pipe.second.get(), 2);
        const SignalsBlocked blocked;
        auto notice = daemonize_blocking(blocked);
        daemon(*notice);
        ::_exit(0);
    }
    pipe.second.reset();
    StartOutcome outcome;
    char text[512];
    for (ssize_t bytes; (bytes = ::read(pipe.first.get(), text, sizeof text)) > 0;) {
        outcome.error.append(text, static_cast<std::size_t>(bytes));
    }
    int status = 0;
    ::waitpid(starter, &status, 0);
    if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
    return outcome;
}

TEST(Daemon, LetsTheStarterExitWithTheOutcome) {
    const StartOutcome good = start_daemon([](DaemonNotice& notice) { notice.tell(0); });
    EXPECT_EQ(good.exit_code, 0);
    EXPECT_EQ(good.error, "");
    const StartOutcome bad = start_daemon([](DaemonNotice& notice) { notice.tell(3, "application: no database"); });
    EXPECT_EQ(bad.exit_code, 3);
    EXPECT_EQ(bad.error, "girin: application: no database\n");
}

TEST(Daemon, CountsAsFailedWhenItDiesWithoutAWord) {
    const StartOutcome outcome = start_daemon([](DaemonNotice&) {});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.error, "girin: the daemon ended before it was ready\n");
}

TEST(Daemon, HasASessionOfItsOwnAndIsNotItsLeader) {
    const StartOutcome outcome = start_daemon([session = ::getsid(0)](DaemonNotice& notice) {
        const bool apart = ::getsid(0) != session && ::getsid(0) != ::getpid();
        notice.tell(apart ? 0 : 9);
    });
    EXPECT_EQ(outcome.exit_code, 0);
}

}  // namespace
}  // namespace girin
