// What girin refuses to start with: one sentence on standard error, the right exit code, nothing half-started. The
// sentences of each setting are tested with the settings (tests/supervisor/settings); here is that they reach the
// operator.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

enum class Code { failure = 1, usage = 2, boot_failed = 3, not_loaded = 4 };

/// Starts that must fail, in a directory in which nothing may be left.
class Faults : public testing::Test {
  protected:
    /// With a Unix socket and a pidfile that are good, so that it shows when they stay behind.
    Finished start(std::vector<std::string> args) {
        std::vector<std::string> all = {"-w", "2", "-b", "unix:" + socket_, "-p", pidfile_};
        all.insert(all.end(), args.begin(), args.end());
        return run_girin(dir_, all);
    }

    void expect_refusal(const std::vector<std::string>& args, Code code, const std::string& sentence) {
        const Finished finished = start(args);
        EXPECT_EQ(finished.status, (ExitStatus{static_cast<int>(code), 0})) << sentence << "\n" << finished.error;
        EXPECT_NE(finished.error.find(sentence), std::string::npos) << sentence << "\n" << finished.error;
        EXPECT_EQ(count_of(finished.error, "girin: ") + count_of(finished.error, "[CRITICAL]"), 1U) << finished.error;
        expect_nothing_left();
    }

    void expect_nothing_left() {
        EXPECT_FALSE(fs::exists(socket_));
        EXPECT_FALSE(fs::exists(pidfile_));
        EXPECT_EQ(children_of(::getpid()), std::vector<pid_t>{});
    }

    const TempDir dir_;
    const std::string socket_ = dir_ / "s";
    const std::string pidfile_ = dir_ / "pid";
};

TEST_F(Faults, InSettingsAreUsageErrors) {
    expect_refusal({"--workrs", "2", "demo"}, Code::usage, "--workrs: unknown option; did you mean '--workers'?");
    expect_refusal({"-w", "many", "demo"}, Code::usage, "--workers: 'many' is not a whole number");
    expect_refusal({"-b", "127.0.0.1:99999", "demo"}, Code::usage, "'127.0.0.1:99999' has no valid port");
    expect_refusal({"-b", "fd://-1", "demo"}, Code::usage, "--bind: 'fd://-1'");
    expect_refusal({"--timeout", "soon", "demo"}, Code::usage, "--timeout: 'soon'");
    expect_refusal({"-m", "999", "demo"}, Code::usage, "--umask: '999' is not an octal number");
    expect_refusal({"-e", "NOEQUALS", "demo"}, Code::usage, "--env: an entry without '=' is not NAME=VALUE");
    expect_refusal({"demoo"}, Code::usage, "'demoo' is not an application");
    // FAULTS 7: a command with a slip in it was told of applications only.
    expect_refusal({"stauts"}, Code::usage, "did you mean the command 'status'?");
    expect_refusal({"--exec", "--"}, Code::usage, "--exec: the COMMAND is missing after '--'");
    expect_refusal({}, Code::usage, "no application is named");
    expect_refusal({"-c", dir_ / "no.conf", "demo"}, Code::usage, "no.conf: no such file or directory");
}

TEST_F(Faults, InASettingsFileNameTheLine) {
    const std::string file = dir_.write("shop.conf", "workers = 2\nworkrs = 3\n");
    expect_refusal({"-c", file, "demo"}, Code::usage, "shop.conf:2");
    const std::string value = dir_.write("value.conf", "workers = 2\n\nkeep_alive = never\n");
    expect_refusal({"-c", value, "demo"}, Code::usage, "value.conf:3");
}

TEST_F(Faults, InTheSurroundingsAreFailures) {
    expect_refusal({"-b", "203.0.113.1:80", "demo"}, Code::failure,
                   "bind 203.0.113.1:80: cannot assign requested address");
    expect_refusal({"-b", "fd://77", "demo"}, Code::failure, "bind fd://77: bad file descriptor");
    expect_refusal({"--error-logfile", "/nowhere/log", "demo"}, Code::failure,
                   "/nowhere/log: no such file or directory");
    expect_refusal({"-b", "unix:/nowhere/s", "demo"}, Code::failure, "bind unix:/nowhere/s: no such file or directory");
    dir_.write("plain", "not a socket");
    expect_refusal({"-b", "unix:" + (dir_ / "plain"), "demo"}, Code::failure,
                   "a file that isn't a socket is in the way");
    EXPECT_EQ(read_file(dir_ / "plain"), "not a socket");
}

TEST_F(Faults, OfTheApplicationsFileAreTold) {
    expect_refusal({"./missing.so"}, Code::not_loaded, "missing.so: no such file or directory");
    dir_.write("text.so", "#!/bin/sh\n");
    expect_refusal({"./text.so"}, Code::not_loaded, "text.so: is a text file, not a shared object");
    expect_refusal({app("no_application")}, Code::not_loaded, "exports no application");
    expect_refusal({"--preload", app("starts_thread")}, Code::not_loaded, "because it starts threads (1) while it is loaded");
    expect_refusal({app("two_names") + ":third"}, Code::not_loaded, "it exports: admin, shop");
    expect_refusal({app("wrong_abi")}, Code::not_loaded, "built for girin's ABI 4, this girin has ABI 3");
    expect_refusal({app("wrong_abi")}, Code::not_loaded, "share/doc/girin/worker/APPLICATIONS.md, \"What a library has to match\"");
    expect_refusal({app("wrong_magic")}, Code::not_loaded, "was not made by GIRIN_APPLICATION");
    expect_refusal({app("unresolved")}, Code::not_loaded, "needs shop::count_stock");
    expect_refusal({app("loading_throws")}, Code::not_loaded, "failed while it was loaded: no licence");
}

TEST_F(Faults, OfTheApplicationsStartAreBootFailures) {
    expect_refusal({app("constructor_throws")}, Code::boot_failed, "its constructor failed: no stock file");
    expect_refusal({"-e", "GIRIN_TEST_STARTUP=throw", app("misbehaving")}, Code::boot_failed,
                   "application start-up failed: the stock file is missing");
    expect_refusal({"-e", "GIRIN_TEST_STARTUP=throw-int", app("misbehaving")}, Code::boot_failed,
                   "application start-up failed: an exception that is no std::exception");
    expect_refusal({"-e", "GIRIN_TEST_STARTUP=exit", app("misbehaving")}, Code::boot_failed,
                   "exited with code 3, before it was ready");
    expect_refusal({"-e", "GIRIN_TEST_STARTUP=crash", app("misbehaving")}, Code::boot_failed, "crashed: SIGSEGV");
    expect_refusal({"-e", "GIRIN_TEST_STARTUP=abort", app("misbehaving")}, Code::boot_failed, "crashed: SIGABRT");
    expect_refusal({"-e", "GIRIN_TEST_STARTUP=hang", "--boot-timeout", "0.3", app("misbehaving")}, Code::boot_failed,
                   "did not become ready within 300 ms");
    expect_refusal({"-e", "GIRIN_TEST_STARTUP=block", "--boot-timeout", "0.3", app("misbehaving")}, Code::boot_failed,
                   "did not become ready within 300 ms");
}

/// The other server isn't ours: it could also be one that lets others share its port.
TEST_F(Faults, OfAPortInUseAreTold) {
    Endpoint taken = Endpoint::tcp("127.0.0.1", 0);
    const auto other = listen_on(taken);
    ASSERT_TRUE(other);
    const std::string sentence = "bind " + taken.to_text() + ": address already in use";
    expect_refusal({"-b", taken.to_text(), "demo"}, Code::failure, sentence);
    expect_refusal({"-b", taken.to_text(), "--reuse-port", "demo"}, Code::failure, sentence);
}

TEST_F(Faults, OfASecondMasterLeaveTheFirstAlone) {
    for (const char* sharing : {"--no-reuse-port", "--reuse-port"}) {
        const TempDir dir;
        const std::string address = "unix:" + (dir / "first");
        GirinProcess first(dir, GirinCommand({"-w", "1", sharing, "-b", "127.0.0.1:0", "-b", address, "-p", dir / "pid",
                                              "demo"}));
        const auto refused = [&](std::vector<std::string> args, const std::string& sentence) {
            args.insert(args.end(), {"-w", "1", sharing, "demo"});
            const Finished second = run_girin(dir_, args);
            EXPECT_EQ(second.status, (ExitStatus{1, 0}));
            EXPECT_NE(second.error.find(sentence), std::string::npos) << second.error;
        };
        refused({"-b", first.endpoint().to_text()}, "address already in use");
        refused({"-b", address}, "another server listens there");
        refused({"-b", "127.0.0.1:0", "-p", dir / "pid"}, "another girin (pid " + std::to_string(first.pid()) + ")");
        for (const Endpoint& endpoint : first.endpoints()) EXPECT_EQ(get(endpoint, "/").status, 200);
        EXPECT_EQ(read_file(dir / "pid"), std::to_string(first.pid()) + "\n");
    }
}

TEST_F(Faults, OfPermissionAreTold) {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root to become somebody without rights";
    const auto setpriv = find_program("setpriv");
    if (!setpriv) GTEST_SKIP() << "no setpriv here";
    const auto refused_to_nobody = [&](std::vector<std::string> args, const std::string& sentence) {
        std::vector<std::string> all = {"--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
                                        "--inh-caps=-all", girin_binary(), "-w", "1"};
        all.insert(all.end(), args.begin(), args.end());
        Command command(*setpriv, all);
        command.directory = "/";
        const Finished finished = run(command);
        EXPECT_EQ(finished.status, (ExitStatus{1, 0})) << finished.error;
        EXPECT_NE(finished.error.find(sentence), std::string::npos) << finished.error;
    };
    if (read_file("/proc/sys/net/ipv4/ip_unprivileged_port_start") > "1") {
        refused_to_nobody({"-b", "127.0.0.1:81", "demo"}, "bind 127.0.0.1:81: permission denied");
    }
    refused_to_nobody({"-b", "unix:/s", "demo"}, "bind unix:/s: permission denied");
    refused_to_nobody({"-b", "127.0.0.1:0", "-p", "/girin.pid", "demo"}, "/girin.pid: permission denied");
    refused_to_nobody({"-b", "127.0.0.1:0", "-u", "daemon", "demo"}, "daemon");
}

TEST_F(Faults, OfADaemonReachItsStarter) {
    const Finished finished =
        start({"-D", "-e", "GIRIN_TEST_STARTUP=throw", "--error-logfile", dir_ / "log", app("misbehaving")});
    EXPECT_EQ(finished.status, (ExitStatus{3, 0}));
    EXPECT_NE(finished.error.find("the stock file is missing"), std::string::npos) << finished.error;
    EXPECT_NE(read_file(dir_ / "log").find("the stock file is missing"), std::string::npos);
    expect_nothing_left();
}

TEST_F(Faults, ShowInACheckOfTheConfiguration) {
    const auto checked = [&](std::vector<std::string> args) {
        args.emplace_back("--check-config");
        return run_girin(dir_, args);
    };
    EXPECT_EQ(checked({"demo"}).status.code, 0);
    EXPECT_EQ(checked({"-w", "0", "demo"}).status.code, 2);
    EXPECT_EQ(checked({"-u", "nosuchuser", "demo"}).status.code, 2);
    EXPECT_EQ(checked({"./missing.so"}).status.code, 4);
    EXPECT_EQ(checked({app("wrong_abi")}).status.code, 4);
    EXPECT_EQ(checked({app("misbehaving")}).status.code, 0);
}

// FAULTS 7: names were compared by their texts, and the usual address of --bind with nothing.
TEST_F(Faults, OfAddressesThatAreOneShowInACheck) {
    const auto checked = [&](std::vector<std::string> args) {
        args.insert(args.end(), {"--check-config", "demo"});
        const Finished finished = run_girin(dir_, args);
        return std::to_string(finished.status.code) + " " + finished.error;
    };
    // As this machine has it: an address of either family.
    EXPECT_TRUE(checked({"-b", "localhost:9", "-b", "127.0.0.1:9", "-b", "[::1]:9"}).starts_with("1 girin: bind: "));
    EXPECT_EQ(checked({"--admin-bind", "127.0.0.1:8000"}),
              "1 girin: admin-bind: '127.0.0.1:8000' can't be had beside bind '127.0.0.1:8000', which takes it already\n");
    EXPECT_EQ(checked({"-b", "localhost:0", "-b", "127.0.0.1:0", "--admin-bind", "localhost:9"}), "0 ");
}

// FAULTS 5: what a start refuses for its surroundings' sake, a check of the configuration refuses as well, and alike.
// FAULTS 7: a format, a processor, a user or a directory that isn't there had another code at the start, or none in a check.
// FAULTS 7: addresses of two settings that exclude each other were found at the start only.
TEST_F(Faults, OfTheSurroundingsShowInACheckAsInAStart) {
    dir_.write("plain", "not a socket");
    fs::create_directory(dir_ / "folder");
    struct Wrong {
        std::vector<std::string> args;
        int code;
        std::string why;
    };
    const std::vector<Wrong> all = {
        {{"--access-logfile", "-", "--access-logformat", "%(zz)s", "demo"}, 2, "zz"},
        {{"--access-logformat", "%(zz)q", "demo"}, 2, "access log format '%(zz)q'"},
        {{"-u", "nosuchuser", "demo"}, 2, "user 'nosuchuser': no such user"},
        {{"-g", "nosuchgroup", "demo"}, 2, "group 'nosuchgroup': no such group"},
        {{"--chdir", "/nowhere", "demo"}, 2, "change to directory /nowhere: no such file or directory"},
        {{"--chroot", "/nowhere", "demo"}, 2, "chroot /nowhere: no such file or directory"},
        {{"--affinity", "8000", "demo"}, 2, "affinity: processor 8000 isn't one that we may use"},
        {{"--access-logfile", "/nowhere/log", "demo"}, 1, "/nowhere/log: no such file or directory"},
        {{"--error-logfile", "/nowhere/log", "demo"}, 1, "/nowhere/log: no such file or directory"},
        {{"--error-logfile", dir_ / "folder", "demo"}, 1, "is a directory"},
        {{"-p", "/nowhere/pid", "demo"}, 1, "/nowhere/pid: no such file or directory"},
        {{"-p", dir_ / "folder", "demo"}, 1, "folder"},
        {{"-b", "unix:/nowhere/s", "demo"}, 1, "unix:/nowhere/s: no such file or directory"},
        {{"-b", "unix:" + (dir_ / "plain"), "demo"}, 1, "a file that isn't a socket is in the way"},
        {{"-b", "fd://77", "demo"}, 1, "bind fd://77: bad file descriptor"},
        {{"--control-socket", "/nowhere/c", "demo"}, 1, "/nowhere/c"},
        {{"-b", "127.0.0.1:9", "--admin-bind", ":9", "demo"}, 2,
         "admin-bind: '0.0.0.0:9' can't be had beside bind '127.0.0.1:9', which takes it already"},
        {{app("unresolved")}, 4, "needs shop::count_stock"},
        {{app("loading_throws")}, 4, "failed while it was loaded: no licence"},
    };
    for (const Wrong& wrong : all) {
        std::vector<std::string> args = wrong.args;
        if (args[0] != "-b") args.insert(args.begin(), {"-b", "127.0.0.1:0"});
        const Finished started = run_girin(dir_, args);
        args.emplace_back("--check-config");
        const Finished checked = run_girin(dir_, args);
        for (const Finished* finished : {&started, &checked}) {
            EXPECT_EQ(finished->status, (ExitStatus{wrong.code, 0})) << wrong.why << "\n" << finished->error;
            EXPECT_NE(finished->error.find(wrong.why), std::string::npos) << wrong.why << "\n" << finished->error;
        }
    }
}

}  // namespace
}  // namespace girin::test
