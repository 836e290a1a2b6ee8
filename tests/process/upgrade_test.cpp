// Upgrades that work, under load and in every order in which people ask for things; those that fail are in
// upgrade_failures_test.cpp.

#include <signal.h>

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/load/report.hpp"
#include "tests/process/masters.hpp"
#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/service_manager.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
using load::LoadThread;

std::vector<std::string> args_with(const std::string& soak, std::vector<std::string> more = {"-b", "127.0.0.1:0"}) {
    std::vector<std::string> all = {"-w", "2", "--soak", soak, "--graceful-timeout", "10"};
    all.insert(all.end(), more.begin(), more.end());
    all.push_back("demo");
    return all;
}

class Upgrades : public testing::Test {
  protected:
    const TempDir dir_;
};

/// The ways to listen; what holds for one must hold for all.
class UpgradesUnderLoad : public Upgrades, public testing::WithParamInterface<std::string> {
  protected:
    std::vector<std::string> listening() const {
        if (GetParam() == "unix") return {"-b", "unix:" + (dir_ / "s")};
        if (GetParam() == "reuse_port") return {"-b", "127.0.0.1:0", "--reuse-port"};
        if (GetParam() == "preload") return {"-b", "127.0.0.1:0", "--preload"};
        return {"-b", "127.0.0.1:0"};
    }
};

INSTANTIATE_TEST_SUITE_P(On, UpgradesUnderLoad, testing::Values("tcp", "unix", "reuse_port", "preload"),
                         [](const auto& each) { return each.param; });

TEST_P(UpgradesUnderLoad, LoseNothing) {
    Masters masters(dir_, GirinCommand(args_with("0.05", listening()), 2));
    LoadThread load(load_on(masters.endpoint()));
    const std::size_t upgrades = in_short_or_long(4, 50);
    for (std::size_t i = 1; i <= upgrades; ++i) {
        masters.install_good();
        ASSERT_TRUE(masters.upgrade());
        ASSERT_TRUE(eventually(10s, "some load", [&] { return load.totals().requests() > i * 100; }));
    }
    EXPECT_TRUE(nothing_lost(load.finish())) << masters.log();
    const pid_t last = masters.pid();
    masters.signal(SIGTERM);
    ASSERT_TRUE(masters.is_gone(last));
    EXPECT_FALSE(std::filesystem::exists(dir_ / "girin.pid")) << "the pidfile is the last one's to remove";
    EXPECT_FALSE(std::filesystem::exists(dir_ / "s")) << "so is the socket";
    EXPECT_EQ(count_of(masters.log(), "girin has stopped"), upgrades + 1) << masters.log();
}

TEST_F(Upgrades, FinishARequestThatTheOldMasterHasInHand) {
    Masters masters(dir_, GirinCommand(args_with("0"), 2));
    HttpClient slow(masters.endpoint(), 20s);
    slow.send(format_request("GET", "/sleep/700"));
    const pid_t before = masters.pid();
    masters.signal(SIGUSR2);
    ASSERT_TRUE(masters.logs("has taken over; this one drains"));
    EXPECT_TRUE(is_running(before));
    EXPECT_EQ(slow.read_response().status, 200);
    EXPECT_TRUE(masters.is_gone(before));
}

TEST_F(Upgrades, FollowEachOtherWhileTheFirstDrains) {
    Masters masters(dir_, GirinCommand(args_with("0"), 2));
    HttpClient slow(masters.endpoint(), 20s);
    slow.send(format_request("GET", "/sleep/1500"));
    masters.signal(SIGUSR2);
    ASSERT_TRUE(masters.logs("has taken over; this one drains"));
    const pid_t second = masters.successor();
    ASSERT_TRUE(masters.upgrade());
    EXPECT_NE(masters.pid(), second);
    EXPECT_EQ(slow.read_response().status, 200);
    EXPECT_TRUE(masters.is_gone(masters.first().pid()));
    EXPECT_EQ(masters.log().find("[ERROR]"), std::string::npos) << masters.log();
}

TEST_F(Upgrades, AskedForTwiceAreOne) {
    Masters masters(dir_, GirinCommand(args_with("1"), 2));
    ASSERT_TRUE(masters.begins_to_soak());
    const pid_t before = masters.pid();
    masters.signal(SIGUSR2);
    ASSERT_TRUE(masters.logs("one is under way already"));
    ASSERT_TRUE(masters.is_gone(before));
    EXPECT_EQ(count_of(masters.log(), "starts as pid"), 1U) << masters.log();
    EXPECT_EQ(masters.pid(), masters.successor());
    EXPECT_EQ(get(masters.endpoint(), "/").status, 200);
}

TEST_F(Upgrades, PutAReloadOffUntilTheSuccessorCanDoIt) {
    Masters masters(dir_, GirinCommand(args_with("0.5"), 2));
    ASSERT_TRUE(masters.begins_to_soak());
    masters.signal(SIGHUP);
    ASSERT_TRUE(masters.logs("put off until the upgrade has ended"));
    EXPECT_TRUE(masters.logs("generation 2 serves"));
    EXPECT_EQ(masters.pid(), masters.successor());
}

TEST_F(Upgrades, WaitForAReloadThatRuns) {
    Masters masters(dir_, GirinCommand(args_with("0.3"), 2));
    masters.signal(SIGHUP);
    ASSERT_TRUE(masters.logs("generation 2 begins"));
    masters.signal(SIGUSR2);
    ASSERT_TRUE(masters.logs("this one drains"));
    EXPECT_LT(masters.log().find("generation 2 serves"), masters.log().find("starts as pid")) << masters.log();
}

TEST_F(Upgrades, GoOnWhenTheOldMasterIsKilledInTheMiddle) {
    Masters masters(dir_, GirinCommand(args_with("30"), 2));
    ASSERT_TRUE(masters.begins_to_soak());
    std::vector<pid_t> old_workers = masters.first().workers();
    std::erase(old_workers, masters.successor());  // its child as well
    masters.first().signal(SIGKILL);
    ASSERT_TRUE(masters.logs("this one stays"));
    for (const pid_t worker : old_workers) ASSERT_TRUE(masters.is_gone(worker)) << "what it has in hand goes with it";
    EXPECT_TRUE(eventually(10s, "its pid", [&] { return masters.pid() == masters.successor(); }));
    EXPECT_EQ(get(masters.endpoint(), "/").status, 200);
    masters.install_good();
    EXPECT_TRUE(is_running(masters.successor()));
    masters.signal(SIGTERM);
    EXPECT_TRUE(masters.is_gone(masters.successor()));
}

TEST_F(Upgrades, ByHandDrainTheOldWorkersAndFinishEarly) {
    Masters masters(dir_, GirinCommand(args_with("30"), 2));
    const pid_t before = masters.pid();
    ASSERT_TRUE(masters.begins_to_soak());
    masters.signal(SIGWINCH);
    const auto only_successor = [&] { return masters.first().workers() == std::vector<pid_t>{masters.successor()}; };
    ASSERT_TRUE(eventually(10s, "the old workers' end", only_successor)) << masters.log();
    EXPECT_EQ(get(masters.endpoint(), "/").status, 200) << "the new ones serve";
    masters.signal(SIGQUIT);
    ASSERT_TRUE(masters.is_gone(before));
    EXPECT_EQ(masters.pid(), masters.successor());
}

TEST_F(Upgrades, ByHandGoBackToTheOldWorkers) {
    Masters masters(dir_, GirinCommand(args_with("30"), 2));
    ASSERT_TRUE(masters.begins_to_soak());
    masters.signal(SIGWINCH);
    ASSERT_TRUE(masters.logs("all workers are drained"));
    const std::size_t mark = masters.first().mark();
    masters.signal(SIGHUP);
    ASSERT_TRUE(masters.first().becomes_ready(2, mark));
    ::kill(masters.successor(), SIGQUIT);
    ASSERT_TRUE(masters.logs("Upgrade: failed, this master goes on"));
    EXPECT_EQ(masters.pid(), masters.first().pid());
    EXPECT_EQ(get(masters.endpoint(), "/").status, 200);
}

TEST_F(Upgrades, EndWithTheServer) {
    Masters masters(dir_, GirinCommand(args_with("30"), 2));
    ASSERT_TRUE(masters.begins_to_soak());
    masters.signal(SIGTERM);
    EXPECT_TRUE(masters.is_gone(masters.successor()));
    EXPECT_TRUE(masters.is_gone(masters.first().pid()));
    EXPECT_FALSE(std::filesystem::exists(dir_ / "girin.pid"));
}

TEST_F(Upgrades, ClearAwayWhatTheNewSettingsDoNotHave) {
    const std::string start = "application = demo\nworkers = 1\nsoak = 0\nbind = 127.0.0.1:0\n";
    dir_.write("girin.conf", start + "bind = unix:s\n");
    Masters masters(dir_, GirinCommand({"-c", "girin.conf"}, 1));
    ASSERT_TRUE(std::filesystem::exists(dir_ / "s"));
    dir_.write("girin.conf", start);
    ASSERT_TRUE(masters.upgrade());
    EXPECT_FALSE(std::filesystem::exists(dir_ / "s"));
    EXPECT_EQ(get(masters.endpoint(), "/").status, 200);
}

TEST_F(Upgrades, TakeTheControlSocketAndTheAdminAddressAlong) {
    Masters masters(dir_, GirinCommand(args_with("0.05", {"-b", "127.0.0.1:0", "--control-socket", dir_ / "c",
                                                          "--admin-bind", "127.0.0.1:0"}), 2));
    const Endpoint control = Endpoint::unix_socket(dir_ / "c");
    const Endpoint admin = masters.admin();
    for (int i = 0; i < 2; ++i) {
        const Finished asked = run_girin(dir_, {"upgrade", "--control-socket", dir_ / "c"});
        const std::string done = "the new master is pid " + std::to_string(masters.successor()) + "\n";
        EXPECT_EQ(asked.output, done) << asked.error << masters.log();
        EXPECT_EQ(masters.pid(), masters.successor());
        EXPECT_EQ(Masters::answering_on(control), masters.pid());
        EXPECT_EQ(Masters::answering_on(admin), masters.pid());
    }
    masters.signal(SIGTERM);
    ASSERT_TRUE(masters.is_gone(masters.successor()));
    EXPECT_FALSE(std::filesystem::exists(dir_ / "c"));
}

TEST_F(Upgrades, MoveTheAdminAddressWhereTheNewSettingsHaveIt) {
    const std::string start = "application = demo\nworkers = 1\nsoak = 0\nbind = 127.0.0.1:0\n";
    dir_.write("girin.conf", start + "admin_bind = unix:old\n");
    Masters masters(dir_, GirinCommand({"-c", "girin.conf"}, 1));
    dir_.write("girin.conf", start + "admin_bind = unix:new\n");
    ASSERT_TRUE(masters.upgrade());
    EXPECT_FALSE(std::filesystem::exists(dir_ / "old"));
    EXPECT_EQ(Masters::answering_on(Endpoint::unix_socket(dir_ / "new")), masters.pid());
}

TEST_F(Upgrades, MoveTheControlSocketWhereTheNewSettingsHaveItInTheirMode) {
    const std::string start = "application = demo\nworkers = 1\nsoak = 0\nbind = 127.0.0.1:0\n";
    dir_.write("girin.conf", start + "control_socket = old\n");
    // The file's word counts, not that of the tests' environment.
    GirinCommand command({"-u", "GIRIN_CONTROL_SOCKET", girin_binary(), "-c", "girin.conf"}, 1);
    command.program = "env";
    Masters masters(dir_, command);
    const auto mode = [&](const char* file) { return std::filesystem::status(dir_ / file).permissions(); };
    EXPECT_EQ(mode("old"), std::filesystem::perms{0600});
    dir_.write("girin.conf", start + "control_socket = old\ncontrol_socket_mode = 0660\n");
    ASSERT_TRUE(masters.upgrade());
    EXPECT_EQ(mode("old"), std::filesystem::perms{0660});
    EXPECT_EQ(Masters::answering_on(Endpoint::unix_socket(dir_ / "old")), masters.pid());
    dir_.write("girin.conf", start + "control_socket = new\ncontrol_socket_mode = 0640\n");
    const Finished asked = run_girin(dir_, {"upgrade", "--control-socket", dir_ / "old"});
    EXPECT_EQ(asked.status.code, 0) << asked.error << masters.log();
    EXPECT_EQ(Masters::answering_on(Endpoint::unix_socket(dir_ / "new")), masters.successor());
    EXPECT_EQ(mode("new"), std::filesystem::perms{0640});
    EXPECT_TRUE(eventually(10s, "the former file to go", [&] { return !std::filesystem::exists(dir_ / "old"); }));
}

TEST_F(Upgrades, TellTheServiceManagerWhoFollows) {
    ServiceManager manager(dir_);
    Masters masters(dir_, manager.command(GirinCommand(args_with("0"), 2)));
    ASSERT_TRUE(manager.hears("READY=1"));
    ASSERT_TRUE(masters.upgrade());
    EXPECT_TRUE(manager.hears("MAINPID=" + std::to_string(masters.pid())));
    const auto& all = manager.messages();
    const auto handed = std::find(all.begin(), all.end(), "MAINPID=" + std::to_string(masters.pid()));
    EXPECT_TRUE(manager.hears("STATUS=2 of 2 workers ready, generation 1",
                              static_cast<std::size_t>(handed - all.begin())));
    EXPECT_EQ(manager.count("STOPPING=1"), 0U) << "the service goes on";
    EXPECT_EQ(manager.kept().size(), 1U);
}

}  // namespace
}  // namespace girin::test
