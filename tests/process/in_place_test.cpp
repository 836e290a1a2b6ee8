// Upgrades as PID 1, in a PID namespace of the test's own: the master becomes the new binary, the workers stay until its
// own ones serve. Not here: upgrades with a master beside the old one (upgrade_test.cpp).

#include <signal.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/load/report.hpp"
#include "tests/process/process_tools.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
using load::LoadThread;
namespace fs = std::filesystem;

const std::vector<std::string> kContained = {"--pid", "--fork", "--kill-child", "--mount-proc"};

class InPlace : public testing::Test {
  protected:
    void SetUp() override {
        if (!can_contain()) GTEST_SKIP() << "unshare can't make a PID namespace here";
        install_good();
    }

    static bool can_contain() {
        std::vector<std::string> args = kContained;
        args.push_back("true");
        try {
            return run(Command("unshare", args)).status == ExitStatus{0, 0};
        } catch (const std::exception&) {
            return false;
        }
    }

    GirinCommand contained(const std::vector<std::string>& args, std::size_t ready = 2) const {
        GirinCommand command(kContained, ready);
        command.program = "unshare";
        command.args.push_back(dir_ / "girin");
        command.args.insert(command.args.end(), args.begin(), args.end());
        return command;
    }

    void install(const fs::path& from) const {
        fs::copy_file(from, dir_ / "girin.new", fs::copy_options::overwrite_existing);
        fs::permissions(dir_ / "girin.new", fs::perms::owner_all);
        fs::rename(dir_ / "girin.new", dir_ / "girin");
    }
    void install_good() const { install(girin_binary()); }
    void install_script(const std::string& text) const { install(dir_.write("script", "#!/bin/sh\n" + text)); }

    /// PID 1 of the namespace, as we see it.
    static pid_t master_of(const GirinProcess& girin) { return children_of(girin.pid()).at(0); }

    /// TERM, and it ends with 0.
    static void stop(GirinProcess& girin) {
        ::kill(master_of(girin), SIGTERM);
        EXPECT_EQ(girin.child().wait_exit(30s), (ExitStatus{0, 0})) << girin.log();
    }

    const TempDir dir_;
};

class InPlaceUnderLoad : public InPlace, public testing::WithParamInterface<std::string> {};

INSTANTIATE_TEST_SUITE_P(On, InPlaceUnderLoad, testing::Values("shared", "reuse_port", "preload"),
                         [](const auto& each) { return each.param; });

TEST_P(InPlaceUnderLoad, UpgradesLoseNothing) {
    std::vector<std::string> args = {"-w", "2", "-b", "127.0.0.1:0", "--soak", "0.1", "demo"};
    if (GetParam() == "reuse_port") args.insert(args.begin(), "--reuse-port");
    if (GetParam() == "preload") args.insert(args.begin(), "--preload");
    GirinProcess girin(dir_, contained(args));
    const pid_t master = master_of(girin);
    LoadThread load(load_on(girin.endpoint()));
    for (std::size_t i = 1; i <= 3; ++i) {
        install_good();
        ::kill(master, SIGUSR2);
        ASSERT_TRUE(eventually(20s, "the take-over", [&] {
            return count_of(girin.log(), "Upgrade: this master has taken over") == i;
        })) << girin.log();
        ASSERT_TRUE(eventually(20s, "the end of the former workers", [&] {
            return count_of(girin.log(), "of the former binary (pid ") == 2 * i;
        })) << girin.log();
    }
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
    EXPECT_EQ(master_of(girin), master) << "it is the same process";
    EXPECT_EQ(fs::read_symlink("/proc/" + std::to_string(master) + "/exe"), dir_ / "girin");
    stop(girin);
}

TEST_F(InPlace, UpgradesKeepControlSocketPidfileAndUnixSocket) {
    GirinProcess girin(dir_, contained({"-w", "2", "-b", "127.0.0.1:0", "-b", "unix:" + (dir_ / "s"), "--soak", "0.1",
                                        "--control-socket", dir_ / "c", "--pid", dir_ / "pid", "demo"}));
    const Finished asked = run_girin(dir_, {"upgrade", "--control-socket", dir_ / "c"});
    EXPECT_EQ(asked.output, "the new binary serves, as pid 1\n") << asked.error << girin.log();
    EXPECT_EQ(count_of(girin.log(), "this master has taken over"), 1U) << "it was known when it was told";
    const Finished status = run_girin(dir_, {"status", "--control-socket", dir_ / "c"});
    EXPECT_NE(status.output.find("pid 1: serving, 2 of 2 workers ready"), std::string::npos) << status.error;
    EXPECT_EQ(get(Endpoint::unix_socket(dir_ / "s"), "/").status, 200);
    EXPECT_EQ(read_file(dir_ / "pid"), "1\n");
    stop(girin);
    for (const char* file : {"s", "c", "pid"}) EXPECT_FALSE(fs::exists(dir_ / file)) << file;
}

TEST_F(InPlace, UpgradesToWhatCannotStartAreRefusedBefore) {
    GirinProcess girin(dir_, contained({"-w", "2", "-b", "127.0.0.1:0", "demo"}));
    const pid_t master = master_of(girin);
    const auto refused = [&](const std::string& why) {
        const std::size_t mark = girin.mark();
        ::kill(master, SIGUSR2);
        EXPECT_TRUE(girin.wait_for_log("Upgrade: failed, this master goes on: ", 20s, mark)) << girin.log();
        EXPECT_NE(girin.log().find(why, mark), std::string::npos) << girin.log();
        EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    };
    fs::remove(dir_ / "girin");
    refused("girin: no such file or directory");
    install(dir_.write("bad", std::string("\x7f" "ELF\x02\x01\x01", 7) + std::string(57, '\0')));
    refused("girin: exec format error");
    install_script("exit 7\n");
    refused("exited with code 7");
    install_script("exit 0\n");
    refused("exited with code 0");
    EXPECT_EQ(girin.log().find("is executed in place"), std::string::npos);
    stop(girin);
}

TEST_F(InPlace, UpgradesToWhatDoesNotServeGoBack) {
    fs::copy_file(app("minimal"), dir_ / "app.so");
    GirinProcess girin(dir_, contained({"-w", "2", "-b", "127.0.0.1:0", "--soak", "0.1",
                                        "--control-socket", dir_ / "c", "./app.so"}));
    const pid_t master = master_of(girin);
    LoadThread load(load_on(girin.endpoint()));
    // Rehearses well, and as PID 1 brings workers that fail.
    fs::copy_file(girin_binary(), dir_ / "other");
    install_script("[ $$ = 1 ] && cp " + app("constructor_throws") + " app.so\nexec ./other \"$@\"\n");
    const Finished asked = run_girin(dir_, {"upgrade", "--json", "--control-socket", dir_ / "c"});
    EXPECT_EQ(asked.status, (ExitStatus{1, 0})) << asked.output;
    EXPECT_NE(asked.output.find("the former binary goes on: "), std::string::npos) << asked.output << asked.error;
    ASSERT_TRUE(girin.wait_for_log("Upgrade: back to the former binary: ", 30s)) << girin.log();
    ASSERT_TRUE(girin.wait_for_log("Upgrade: failed, the former binary goes on: ", 30s)) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200) << "the first workers serve all the while";
    fs::copy_file(app("minimal"), dir_ / "app.so", fs::copy_options::overwrite_existing);
    ::kill(master, SIGHUP);
    ASSERT_TRUE(girin.wait_for_log("Upgrade: this master has taken over", 60s)) << girin.log();
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
    EXPECT_NE(fs::read_symlink("/proc/" + std::to_string(master) + "/exe"), dir_ / "other");
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    stop(girin);
}

/// What it does as a master, with settings that it finds to be fine.
struct BadMaster {
    const char* name;
    const char* script;
    const char* why;
};
class InPlaceWithABadMaster : public InPlace, public testing::WithParamInterface<BadMaster> {};

INSTANTIATE_TEST_SUITE_P(That, InPlaceWithABadMaster,
                         testing::Values(BadMaster{"Crashes", "kill -SEGV $$\n", "crashed: SIGSEGV"},
                                         BadMaster{"Exits", "exit 3\n", "exited with code 3"},
                                         BadMaster{"Hangs", "exec sleep 100\n", "was not ready within "}),
                         [](const auto& each) { return each.param.name; });

TEST_P(InPlaceWithABadMaster, NothingIsLostAndTheAskerHearsWhy) {
    const std::string boot_limit = std::to_string(3 * kSlowBuildFactor);
    GirinProcess girin(dir_, contained({"-w", "2", "-b", "127.0.0.1:0", "--soak", "0.1", "--boot-timeout", boot_limit,
                                        "--control-socket", dir_ / "c", "demo"}));
    LoadThread load(load_on(girin.endpoint()));
    fs::copy_file(girin_binary(), dir_ / "other");
    install_script("[ \"$1\" = --check-config ] && exec ./other \"$@\"\n" + std::string(GetParam().script));
    const Finished asked = run_girin(dir_, {"upgrade", "--control-socket", dir_ / "c"});
    EXPECT_EQ(asked.status, (ExitStatus{1, 0})) << asked.output;
    EXPECT_NE(asked.error.find(GetParam().why), std::string::npos) << asked.error << girin.log();
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
    EXPECT_EQ(girin.log().find("is executed in place"), std::string::npos);
    stop(girin);
}

TEST_F(InPlace, RequestsInARehearsalAreAnswered) {
    GirinProcess girin(dir_, contained({"-w", "1", "-b", "127.0.0.1:0", "--soak", "0.5", "demo"}, 1));
    const pid_t master = master_of(girin);
    LoadThread load(load_on(girin.endpoint(), "/sleep/50"));
    ::kill(master, SIGUSR2);
    ASSERT_TRUE(girin.wait_for_log("Upgrade: this master has taken over", 60s)) << girin.log();
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
    const std::string log = girin.log();
    EXPECT_LT(log.find("rehearses as pid"), log.find("the rehearsal went well, and ends")) << log;
    EXPECT_LT(log.find("the rehearsal went well, and ends"), log.find("is executed in place")) << log;
    stop(girin);
}

TEST_F(InPlace, AStopBeforeTheNewBinaryHasTakenOverIsAStop) {
    GirinProcess girin(dir_, contained({"-w", "2", "-b", "127.0.0.1:0", "--soak", "30", "demo"}));
    ::kill(master_of(girin), SIGUSR2);
    ASSERT_TRUE(girin.becomes_ready(4, 0)) << girin.log();
    ::kill(master_of(girin), SIGQUIT);  // the rehearsal was long enough
    ASSERT_TRUE(girin.becomes_ready(6, 0)) << girin.log();
    HttpClient slow(girin.endpoint(), 20s);
    slow.send(format_request("GET", "/sleep/300"));
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    stop(girin);
    EXPECT_EQ(slow.read_response().status, 200) << girin.log();
    EXPECT_EQ(girin.log().find("this master has taken over"), std::string::npos);
}

TEST_F(InPlace, AStopInTheMiddleOfARehearsalIsAStop) {
    GirinProcess girin(dir_, contained({"-w", "2", "-b", "127.0.0.1:0", "--soak", "30", "demo"}));
    HttpClient slow(girin.endpoint(), 20s);
    slow.send(format_request("GET", "/sleep/300"));
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    ::kill(master_of(girin), SIGUSR2);
    ASSERT_TRUE(girin.becomes_ready(4, 0)) << girin.log();
    stop(girin);
    EXPECT_EQ(slow.read_response().status, 200) << girin.log();
}

}  // namespace
}  // namespace girin::test
