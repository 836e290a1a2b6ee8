// The table's order, the reader, and what a worker does with signals that aren't meant for it.

#include "supervisor/process/signals.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace girin {
namespace {

std::vector<int> numbers_of(const std::vector<ReceivedSignal>& signals) {
    std::vector<int> numbers;
    for (const ReceivedSignal& signal : signals) numbers.push_back(signal.row->signo);
    return numbers;
}

TEST(Signals, AreServedInOrderOfUrgency) {
    const SignalsBlocked blocked;
    auto reader = SignalReader::open();
    ASSERT_TRUE(reader);
    for (const int signo : {SIGUSR1, SIGTTOU, SIGHUP, SIGTTIN, SIGINT, SIGTERM}) ::kill(::getpid(), signo);
    EXPECT_EQ(numbers_of(reader->read_pending()),
              (std::vector<int>{SIGTERM, SIGINT, SIGHUP, SIGTTIN, SIGTTOU, SIGUSR1}));
    EXPECT_TRUE(reader->read_pending().empty());
}

TEST(Signals, TellWhoSentThem) {
    const SignalsBlocked blocked;
    auto reader = SignalReader::open();
    ASSERT_TRUE(reader);
    ::kill(::getpid(), SIGHUP);
    const auto pending = reader->read_pending();
    ASSERT_EQ(pending.size(), 1u);
    EXPECT_EQ(pending[0].sender, ::getpid());
}

TEST(Signals, HaveNames) {
    EXPECT_EQ(signal_name(SIGTERM), "SIGTERM");
    EXPECT_EQ(signal_name(SIGSEGV), "SIGSEGV");
    EXPECT_EQ(signal_name(SIGRTMIN + 3), "signal " + std::to_string(SIGRTMIN + 3));
}

TEST(Signals, HaveARowAndASentenceEach) {
    for (const SignalRow& row : signal_table()) {
        EXPECT_EQ(signal_name(row.signo), row.name);
        EXPECT_NE(std::string(row.sentence), "");
    }
}

TEST(Signals, AreAsBeforeOnceNoLongerBlocked) {
    sigset_t before, after;
    ::sigprocmask(SIG_SETMASK, nullptr, &before);
    { const SignalsBlocked blocked; }
    ::sigprocmask(SIG_SETMASK, nullptr, &after);
    for (int signo = 1; signo < SIGRTMIN; ++signo) {
        EXPECT_EQ(::sigismember(&before, signo), ::sigismember(&after, signo)) << signo;
    }
}

int status_of_child(void (*body)()) {
    const pid_t child = ::fork();
    if (child == 0) {
        body();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

TEST(Signals, ForTheWholeGroupDoNotHurtAWorker) {
    const int status = status_of_child([] {
        reset_signals_for_worker();
        for (const int signo : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTTIN, SIGUSR1, SIGPIPE}) ::raise(signo);
    });
    EXPECT_TRUE(WIFEXITED(status));
}

TEST(Signals, ThatKillAWorkerStillDo) {
    const int status = status_of_child([] {
        ::signal(SIGABRT, SIG_IGN);
        reset_signals_for_worker();
        ::raise(SIGABRT);
    });
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGABRT);
}

}  // namespace
}  // namespace girin
