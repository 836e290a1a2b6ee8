// The program from outside: what it refuses to start with, and what it leaves behind.

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <regex>

#include <gtest/gtest.h>

#include "tests/support/girin_process.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

Finished run_girin(std::vector<std::string> args) { return run(girin_command(std::move(args))); }

std::string title_of(pid_t pid) {
    std::string title = read_file("/proc/" + std::to_string(pid) + "/cmdline");
    return title.substr(0, title.find('\0'));
}

TEST(Program, ServesAndCleansUpAfterItself) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "-b", "unix:" + (dir / "s"), "-p",
                                          dir / "girin.pid", "demo"}, 2));
    EXPECT_EQ(read_file(dir / "girin.pid"), std::to_string(girin.pid()) + "\n");
    for (const Endpoint& endpoint : girin.endpoints()) EXPECT_EQ(get(endpoint, "/").status, 200);
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_FALSE(fs::exists(dir / "girin.pid"));
    EXPECT_FALSE(fs::exists(dir / "s"));
}

TEST(Program, NamesItsProcesses) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "-n", "shop", "demo"}));
    EXPECT_EQ(title_of(girin.pid()), "girin: master [shop]");
    EXPECT_EQ(title_of(girin.workers().at(0)), "girin: worker 0 [shop]");
}

TEST(Program, RefusesAnAddressOrPidfileThatAnotherMasterHas) {
    const TempDir dir;
    for (const char* sharing : {"--reuse-port", "--no-reuse-port"}) {
        GirinProcess girin(dir, GirinCommand({"-w", "1", sharing, "-b", "127.0.0.1:0", "-p", dir / "girin.pid", "demo"}));
        const std::string address = girin.endpoint().to_text();
        const Finished same_address = run_girin({"-w", "1", sharing, "-b", address, "demo"});
        EXPECT_EQ(same_address.status, (ExitStatus{1, 0}));
        EXPECT_NE(same_address.error.find("bind " + address + ": address already in use"), std::string::npos)
            << same_address.error;
        const Finished same_pidfile = run_girin({"-w", "1", "-b", "127.0.0.1:0", "-p", dir / "girin.pid", "demo"});
        EXPECT_EQ(same_pidfile.status, (ExitStatus{1, 0}));
        EXPECT_NE(same_pidfile.error.find("another girin (pid " + std::to_string(girin.pid()) + ")"), std::string::npos)
            << same_pidfile.error;
        EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    }
}

TEST(Program, SaysWhyItCantStart) {
    const TempDir dir;
    struct Case {
        std::vector<std::string> args;
        int code;
        std::string sentence;
    };
    const Case cases[] = {
        {{"--chdir", "/nowhere", "demo"}, 2, "change to directory /nowhere: no such file or directory"},
        {{"-p", "/nowhere/girin.pid", "demo"}, 1, "open pidfile /nowhere/girin.pid: no such file or directory"},
        {{"-u", "nosuchuser", "demo"}, 2, "user 'nosuchuser': no such user"},
        {{"-b", "unix:/nowhere/s", "demo"}, 1, "bind unix:/nowhere/s: no such file or directory"},
        {{"--error-logfile", "/nowhere/log", "demo"}, 1, "open log file /nowhere/log: no such file or directory"},
        {{dir / "missing.so"}, 4, "missing.so"},
        {{"--no-such-option", "demo"}, 2, "no-such-option"},
    };
    for (const Case& one : cases) {
        std::vector<std::string> args = {"-w", "1"};
        const bool binds = std::find(one.args.begin(), one.args.end(), "-b") != one.args.end();
        if (!binds) args.insert(args.end(), {"-b", "127.0.0.1:0"});
        args.insert(args.end(), one.args.begin(), one.args.end());
        const Finished finished = run_girin(args);
        EXPECT_EQ(finished.status, (ExitStatus{one.code, 0})) << one.sentence << "\n" << finished.error;
        EXPECT_NE(finished.error.find(one.sentence), std::string::npos) << finished.error;
    }
}

class DaemonProgram : public testing::Test {
  protected:
    ~DaemonProgram() override {
        if (daemon_ > 0 && is_running(daemon_)) ::kill(daemon_, SIGKILL);
    }

    TempDir dir_;
    pid_t daemon_ = 0;
};

TEST_F(DaemonProgram, ReturnsOnceItServes) {
    const Finished starter = run_girin({"-D", "-w", "2", "-b", "unix:" + (dir_ / "s"), "-p", dir_ / "girin.pid",
                                        "--error-logfile", dir_ / "log", "demo"});
    ASSERT_EQ(starter.status, (ExitStatus{0, 0})) << starter.error;
    daemon_ = std::stoi(read_file(dir_ / "girin.pid"));
    EXPECT_EQ(get(Endpoint::unix_socket(dir_ / "s"), "/").status, 200);
    EXPECT_NE(::getsid(daemon_), ::getsid(0));
    ::kill(daemon_, SIGTERM);
    EXPECT_TRUE(eventually(10s, "the daemon's end", [&] { return !is_running(daemon_); })) << read_file(dir_ / "log");
    EXPECT_FALSE(fs::exists(dir_ / "girin.pid"));
}

TEST_F(DaemonProgram, TellsTheStarterWhyItFailed) {
    const Finished starter = run_girin({"-D", "-w", "1", "-b", "unix:/nowhere/s", "demo"});
    EXPECT_EQ(starter.status, (ExitStatus{1, 0}));
    EXPECT_EQ(starter.error, "girin: bind unix:/nowhere/s: no such file or directory\n");
}

TEST(Program, RunsWorkersAsAnotherUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root may change the user";
    const TempDir dir;
    fs::permissions(dir.path(), fs::perms::all);
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-u", "daemon", "-b", "unix:" + (dir / "s"), "demo"}));
    struct stat worker {}, master {}, socket {};
    ASSERT_EQ(::stat(("/proc/" + std::to_string(girin.workers().at(0))).c_str(), &worker), 0);
    ASSERT_EQ(::stat(("/proc/" + std::to_string(girin.pid())).c_str(), &master), 0);
    ASSERT_EQ(::stat((dir / "s").c_str(), &socket), 0);
    EXPECT_EQ(master.st_uid, 0u);
    EXPECT_EQ(socket.st_uid, 1u);
    const std::string status = read_file("/proc/" + std::to_string(girin.workers().at(0)) + "/status");
    EXPECT_TRUE(std::regex_search(status, std::regex("Uid:\t1\t1\t1\t1"))) << status;
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
}

TEST(Program, Preloads) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "2", "--preload", "-b", "127.0.0.1:0", "demo"}, 2));
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    const std::size_t mark = girin.mark();
    girin.hup();
    EXPECT_TRUE(girin.wait_for_log("generation 2 serves", 10s, mark));
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
}

}  // namespace
}  // namespace girin::test
