// The loop against real processes: workers of a few lines, signals from outside, and what the log says of it.

#include "supervisor/turn/supervisor.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

#include "girin/log.hpp"
#include "tests/supervisor/shell/master_process.hpp"
#include "tests/support/endpoint.hpp"
#include "tests/support/proc.hpp"
#include "worker/process/channel.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class SupervisorTest : public testing::Test {
  protected:
    void send(const WorkerPlace& place, MessageKind kind, std::string text = {}) {
        [[maybe_unused]] const auto sent = send_message(place.channel_fd, Message(kind, 0, std::move(text)));
    }

    TempDir dir_;
    MasterOptions options_;
};

TEST_F(SupervisorTest, StartsAsManyWorkersAsWantedAndStopsThem) {
    MasterProcess master(dir_, options_);
    ASSERT_TRUE(master.logs("First generation serves"));
    EXPECT_EQ(master.workers().size(), 2u);
    EXPECT_TRUE(start_connect(Endpoint::parse(master.address())));
    master.signal(SIGTERM);
    EXPECT_EQ(master.wait_exit(), 0) << master.log();
}

TEST_F(SupervisorTest, StopsQuicklyOnIntAndQuit) {
    for (const int signo : {SIGINT, SIGQUIT}) {
        const TempDir dir;
        MasterProcess master(dir, options_);
        ASSERT_TRUE(master.logs("First generation serves"));
        master.signal(signo);
        EXPECT_EQ(master.wait_exit(), 0);
    }
}

TEST_F(SupervisorTest, ReplacesACrashedWorkerAndTellsTheCause) {
    MasterProcess master(dir_, options_);
    ASSERT_TRUE(master.logs("First generation serves"));
    ::kill(master.workers()[0], SIGSEGV);
    EXPECT_TRUE(master.logs("crashed: SIGSEGV"));
    EXPECT_TRUE(master.logs("is ready after", 3));
    ::kill(master.workers()[0], SIGKILL);
    EXPECT_TRUE(master.logs("was killed by SIGKILL from outside"));
    EXPECT_TRUE(master.logs("is ready after", 4));
    EXPECT_TRUE(master.has_workers(2));
}

TEST_F(SupervisorTest, ExitsWithTheReasonWhenTheFirstStartFails) {
    options_.work = [this](const Settings&, const WorkerPlace& place) {
        send(place, MessageKind::boot_failed, "no database at 10.0.0.1");
        return 1;
    };
    MasterProcess master(dir_, options_);
    EXPECT_EQ(master.wait_exit(), 3);
    EXPECT_TRUE(master.logs("Ended: no database at 10.0.0.1"));
}

TEST_F(SupervisorTest, ExitsWhenTheFirstWorkersThrow) {
    options_.work = [](const Settings&, const WorkerPlace&) -> int { throw std::runtime_error("thrown at start"); };
    MasterProcess master(dir_, options_);
    EXPECT_EQ(master.wait_exit(), 3);
    EXPECT_TRUE(master.logs("Ended: thrown at start"));
}

TEST_F(SupervisorTest, KillsAWorkerThatShowsNoLife) {
    options_.settings.timeout = 200ms;
    options_.settings.workers = 1;
    std::string once = dir_ / "hung";
    options_.work = [once](const Settings&, const WorkerPlace& place) {
        const bool first = ::access(once.c_str(), F_OK) != 0;
        return obedient_worker(place, [&] {
            if (!first) return;
            std::ofstream(once) << "yes";
            ::signal(SIGABRT, SIG_IGN);
            for (;;) ::pause();
        });
    };
    MasterProcess master(dir_, options_);
    EXPECT_TRUE(master.logs("hangs: no sign of life of its loop for "));
    EXPECT_TRUE(master.logs("was killed by us with SIGKILL"));
    EXPECT_TRUE(master.logs("is ready after", 2));
}

/// Says what it forks.
class CountsForks : public LinuxOs {
  public:
    Result<ForkedChild> fork_child() override {
        log_info("One fork more");
        return LinuxOs::fork_child();
    }
};

// FAULTS 35, a sibling: what said that it crashed was never judged again, and looked at as often as it said so.
TEST_F(SupervisorTest, BelievesAWorkerThatItCrashesOnceAndForATime) {
    CountsForks os;
    options_.os = &os;
    options_.settings.timeout = 200ms;
    options_.settings.workers = 1;
    const std::string once = dir_ / "lied";
    options_.work = [this, once](const Settings&, const WorkerPlace& place) {
        return obedient_worker(place, [&] {
            if (::access(once.c_str(), F_OK) == 0) return;
            std::ofstream(once) << "yes";
            place.board[place.slot].crash.signo = SIGSEGV;
            for (int i = 0; i < 100; ++i) send(place, MessageKind::crashed);
            for (;;) ::pause();
        });
    };
    MasterProcess master(dir_, options_);
    EXPECT_TRUE(eventually(20s, "the end of its patience", [&] {
        return master.log().find("and lives on; it is supervised as before") != std::string::npos;
    })) << master.log();
    EXPECT_TRUE(master.logs("hangs: no sign of life of its loop for "));
    EXPECT_TRUE(master.logs("is ready after", 2));
    // Two workers, and one that looked at the first for each reason.
    EXPECT_EQ(master.count("One fork more"), 4U) << master.log();
}

TEST_F(SupervisorTest, SparesWorkersThatWereStoppedTogetherWithTheMaster) {
    options_.settings.timeout = 300ms;
    options_.settings.workers = 1;
    MasterProcess master(dir_, options_);
    ASSERT_TRUE(master.logs("First generation serves"));
    const pid_t worker = master.workers().at(0);
    ::kill(master.pid(), SIGSTOP);
    ::kill(worker, SIGSTOP);
    ::poll(nullptr, 0, 1200);  // the time that passes is the test
    ::kill(master.pid(), SIGCONT);
    ASSERT_TRUE(eventually(5s, "the master's next look", [&] { return state_of(master.pid()) == 'S'; }));
    ::kill(worker, SIGCONT);
    master.signal(SIGUSR1);
    ASSERT_TRUE(master.logs("Worker reopens its logs"));
    EXPECT_EQ(master.workers(), std::vector<pid_t>{worker}) << master.log();
}

TEST_F(SupervisorTest, HasOneWorkerMoreOrLessOnTtinAndTtou) {
    MasterProcess master(dir_, options_);
    ASSERT_TRUE(master.logs("First generation serves"));
    master.signal(SIGTTIN);
    EXPECT_TRUE(master.has_workers(3));
    master.signal(SIGTTOU);
    EXPECT_TRUE(master.has_workers(2));
}

TEST_F(SupervisorTest, PassesUsr1OnToItsWorkers) {
    MasterProcess master(dir_, options_);
    ASSERT_TRUE(master.logs("First generation serves"));
    master.signal(SIGUSR1);
    EXPECT_TRUE(master.logs("Worker reopens its logs", 2));
}

TEST_F(SupervisorTest, ReplacesAWorkerThatAsksForIt) {
    options_.settings.workers = 1;
    std::string once = dir_ / "asked";
    options_.work = [this, once](const Settings&, const WorkerPlace& place) {
        return obedient_worker(place, [&] {
            if (::access(once.c_str(), F_OK) == 0) return;
            std::ofstream(once) << "yes";
            send(place, MessageKind::recycle, "1000 requests");
        });
    };
    MasterProcess master(dir_, options_);
    EXPECT_TRUE(master.logs("asks to be replaced: 1000 requests"));
    EXPECT_TRUE(master.logs("is ready after", 2));
    EXPECT_TRUE(master.logs("has finished (replaced)"));
}

TEST_F(SupervisorTest, EndsItsWorkersWhenItIsKilled) {
    MasterProcess master(dir_, options_);
    ASSERT_TRUE(master.logs("First generation serves"));
    const std::vector<pid_t> workers = master.workers();
    ASSERT_EQ(workers.size(), 2u);
    master.signal(SIGKILL);
    for (const pid_t worker : workers) {
        EXPECT_TRUE(eventually(5s, "the worker's end", [&] { return !is_running(worker); }));
    }
}

TEST_F(SupervisorTest, LeavesWorkersOnlyWhatIsTheirs) {
    options_.settings.workers = 1;
    options_.work = [](const Settings&, const WorkerPlace& place) {
        for (const std::string& target : fd_targets(::getpid())) {
            const bool masters = target.find("epoll") != std::string::npos || target.find("signalfd") != std::string::npos ||
                                 target.find("pidfd") != std::string::npos;
            if (masters) return 40;
        }
        return obedient_worker(place);
    };
    MasterProcess master(dir_, options_);
    ASSERT_TRUE(master.logs("First generation serves"));
    ::kill(master.workers()[0], SIGKILL);
    EXPECT_TRUE(master.logs("is ready after", 2));
    master.signal(SIGHUP);
    EXPECT_TRUE(master.logs("generation 2 serves"));
}

TEST_F(SupervisorTest, RefusesNewcomersOnceAStoppingServerAcceptsNothingMore) {
    options_.settings.workers = 1;
    options_.work = [this](const Settings&, const WorkerPlace& place) {
        send(place, MessageKind::ready);
        pollfd channel{place.channel_fd, POLLIN, 0};
        ::poll(&channel, 1, -1);
        for (const ListenerSocket& listener : place.listeners) ::close(listener.fd);
        send(place, MessageKind::draining);
        send(place, MessageKind::listeners_closed);
        for (;;) ::pause();  // a request that takes long
        return 0;
    };
    MasterProcess master(dir_, options_);
    ASSERT_TRUE(master.logs("First generation serves"));
    const Endpoint endpoint = Endpoint::parse(master.address());
    master.signal(SIGTERM);
    EXPECT_TRUE(eventually(5s, "a refusal", [&] {
        const auto fd = start_connect(endpoint);
        pollfd done{fd ? fd->get() : -1, POLLOUT, 0};
        return !fd || (::poll(&done, 1, 1000) > 0 && (done.revents & POLLERR));
    }));
    EXPECT_EQ(master.workers().size(), 1u);
    master.signal(SIGINT);
    EXPECT_EQ(master.wait_exit(), 0);
}

/// Forks that fail on purpose.
class ShortOfProcesses : public LinuxOs {
  public:
    Result<ForkedChild> fork_child() override {
        if (++forks_ == 2 || forks_ == 3) return Error::from_errno(EAGAIN, "fork");
        return LinuxOs::fork_child();
    }

  private:
    int forks_ = 0;
};

TEST_F(SupervisorTest, TriesAgainWhenThereAreNoMoreProcesses) {
    ShortOfProcesses os;
    options_.os = &os;
    MasterProcess master(dir_, options_);
    EXPECT_TRUE(master.logs("could not be spawned: fork: resource temporarily unavailable", 2));
    EXPECT_TRUE(master.logs("First generation serves"));
    EXPECT_TRUE(master.has_workers(2));
}

TEST_F(SupervisorTest, SurvivesASignalStormWhileStarting) {
    MasterProcess master(dir_, options_);
    ASSERT_TRUE(master.logs("Listening at"));  // from here on signals are its own
    for (int i = 0; i < 50; ++i) {
        for (const int signo : {SIGHUP, SIGTTIN, SIGTTOU, SIGUSR1, SIGCHLD}) master.signal(signo);
    }
    ASSERT_TRUE(master.logs("First generation serves"));
    master.signal(SIGTERM);
    EXPECT_EQ(master.wait_exit(), 0) << master.log();
}

}  // namespace
}  // namespace girin::test
