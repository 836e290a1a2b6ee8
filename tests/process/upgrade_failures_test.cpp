// Upgrades that fail: the running master goes on as if nothing had been, and says why.

#include <signal.h>

#include <functional>

#include <gtest/gtest.h>

#include "tests/process/masters.hpp"
#include "tests/process/process_tools.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class FailedUpgrades : public testing::Test {
  protected:
    /// The old master serves, is alone with its workers, and can be upgraded still.
    void expect_unharmed(Masters& masters, std::size_t workers = 2) {
        // Its pidfile comes back when it has reaped the other master, a moment after that one's end.
        const auto named = [&] { return masters.pid() == masters.first().pid(); };
        EXPECT_TRUE(eventually(10s, "the pidfile to name it again", named)) << masters.log();
        EXPECT_TRUE(masters.first().workers_become(workers)) << masters.log();
        EXPECT_EQ(get(masters.endpoint(), "/").status, 200);
    }

    void expect_failure(const std::string& why, const std::function<void(Masters&)>& spoil,
                        std::vector<std::string> more = {}) {
        std::vector<std::string> args = {"-w", "2", "-b", "127.0.0.1:0", "--soak", "0.3"};
        args.insert(args.end(), more.begin(), more.end());
        args.push_back("demo");
        Masters masters(dir_, GirinCommand(args, 2));
        const std::vector<pid_t> before = masters.first().workers();
        spoil(masters);
        masters.signal(SIGUSR2);
        ASSERT_TRUE(masters.logs("Upgrade: failed, this master goes on: "));
        EXPECT_TRUE(masters.logs(why));
        expect_unharmed(masters);
        EXPECT_EQ(masters.first().workers(), before) << "its workers have nothing to do with it";
        masters.install_good();
        ASSERT_TRUE(masters.upgrade());
        EXPECT_EQ(get(masters.endpoint(), "/").status, 200);
    }

    const TempDir dir_;
};

TEST_F(FailedUpgrades, BecauseTheBinaryIsMissing) {
    expect_failure("girin: no such file or directory", [](Masters& masters) { masters.uninstall(); });
}

TEST_F(FailedUpgrades, BecauseTheBinaryIsForAnotherMachine) {
    std::string header(64, '\0');
    header.replace(0, 7, "\x7f" "ELF\x02\x01\x01");
    header[16] = 2;     // an executable
    header[18] = '\xf3';  // for RISC-V
    expect_failure("girin: exec format error", [&](Masters& masters) { masters.install(header); });
}

TEST_F(FailedUpgrades, BecauseTheNewMasterExitsAtOnce) {
    expect_failure("exited with code 7", [](Masters& masters) { masters.install("#!/bin/sh\nexit 7\n"); });
}

TEST_F(FailedUpgrades, BecauseTheNewMasterCrashesAtOnce) {
    expect_failure("SIGSEGV", [](Masters& masters) { masters.install("#!/bin/sh\nkill -SEGV $$\n"); });
}

TEST_F(FailedUpgrades, BecauseTheNewMasterHangs) {
    expect_failure("was not ready within 1.25 s", [](Masters& masters) { masters.install("#!/bin/sh\nexec sleep 60\n"); },
                   {"--boot-timeout", "1"});
}

TEST_F(FailedUpgrades, BecauseTheSettingsHaveBecomeBad) {
    dir_.write("girin.conf", "application = demo\nworkers = 2\nsoak = 0\nbind = 127.0.0.1:0\n");
    Masters masters(dir_, GirinCommand({"-c", "girin.conf"}, 2));
    dir_.write("girin.conf", "aplication = demo\n");
    masters.signal(SIGUSR2);
    EXPECT_TRUE(masters.logs("this master goes on: girin.conf:1: unknown setting 'aplication'"));
    expect_unharmed(masters);
}

TEST_F(FailedUpgrades, BecauseTheNewMasterIsKilledAfterItWasReady) {
    Masters masters(dir_, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--soak", "30", "demo"}, 2));
    ASSERT_TRUE(masters.begins_to_soak());
    ::kill(masters.successor(), SIGKILL);
    ASSERT_TRUE(masters.logs("Upgrade: failed, this master goes on: the new master"));
    EXPECT_TRUE(masters.logs("SIGKILL"));
    expect_unharmed(masters);
}

TEST_F(FailedUpgrades, LeaveControlSocketAndAdminAddressToTheOldMaster) {
    Masters masters(dir_, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--soak", "30", "--control-socket", dir_ / "c",
                                        "--admin-bind", "127.0.0.1:0", "demo"}, 2));
    const Endpoint control = Endpoint::unix_socket(dir_ / "c");
    const pid_t old = masters.first().pid();
    ASSERT_TRUE(masters.begins_to_soak());
    for (int i = 0; i < 10; ++i) EXPECT_EQ(Masters::answering_on(control), old) << "it has not handed over";
    EXPECT_EQ(Masters::answering_on(masters.admin()), old);
    ::kill(masters.successor(), SIGKILL);
    ASSERT_TRUE(masters.logs("Upgrade: failed, this master goes on: the new master"));
    EXPECT_EQ(Masters::answering_on(control), old);
    EXPECT_EQ(Masters::answering_on(masters.admin()), old);
    expect_unharmed(masters);
}

TEST_F(FailedUpgrades, BecauseANewWorkerDiesAfterItWasReady) {
    Masters masters(dir_, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--soak", "30", "demo"}, 2));
    ASSERT_TRUE(masters.begins_to_soak());
    const pid_t successor = masters.successor();
    const std::vector<pid_t> new_workers = children_of(successor);
    ASSERT_EQ(new_workers.size(), 2U);
    ::kill(new_workers[0], SIGKILL);
    ASSERT_TRUE(masters.logs("this master goes on: it did not stay well: "));
    EXPECT_TRUE(masters.is_gone(successor));
    expect_unharmed(masters);
}

TEST_F(FailedUpgrades, FinishWhatWasInHandWithTheNewOnes) {
    Masters masters(dir_, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--soak", "30", "demo"}, 2));
    ASSERT_TRUE(masters.begins_to_soak());
    const pid_t successor = masters.successor();
    const std::vector<pid_t> new_workers = children_of(successor);
    ASSERT_EQ(new_workers.size(), 2U);
    const std::string by_the_second = "\"pid\":" + std::to_string(new_workers[1]) + ",";
    std::vector<HttpClient> clients;  // kept, so that every worker gets some
    do {
        ASSERT_LT(clients.size(), 500U) << "none of them came to the new worker";
        clients.emplace_back(masters.endpoint(), 15'000ms);
    } while (clients.back().get("/info").body.find(by_the_second) == std::string::npos);
    clients.back().send(format_request("GET", "/sleep/1000"));
    ::kill(new_workers[0], SIGKILL);
    EXPECT_EQ(clients.back().read_response().status, 200) << masters.log();
    EXPECT_TRUE(masters.logs("this master goes on: it did not stay well: "));
    clients.clear();
    EXPECT_TRUE(masters.is_gone(successor));
    expect_unharmed(masters);
}

TEST_F(FailedUpgrades, BringBackWorkersThatWereDrainedForThem) {
    Masters masters(dir_, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--soak", "30", "demo"}, 2));
    ASSERT_TRUE(masters.begins_to_soak());
    masters.signal(SIGWINCH);
    ASSERT_TRUE(masters.logs("all workers are drained"));
    ::kill(masters.successor(), SIGKILL);
    ASSERT_TRUE(masters.logs("2 workers are wanted again"));
    expect_unharmed(masters);
}

}  // namespace
}  // namespace girin::test
