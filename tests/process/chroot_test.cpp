// --chroot: what workers can still reach, and that all else goes on as without: logs, reports, reload, upgrade.

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/process/masters.hpp"
#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"
#include "worker/process/crash_handler.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

bool may_chroot() {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(::chroot("/") == 0 ? 0 : 1);
    int status = 0;
    ::waitpid(child, &status, 0);
    return status == 0;
}

/// Whether the workers' user can find the test's own directory.
bool is_found_by_daemon(const TempDir& dir) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(::setgid(1) == 0 && ::setuid(1) == 0 && ::access(dir.path().c_str(), W_OK) == 0 ? 0 : 1);
    int status = 0;
    ::waitpid(child, &status, 0);
    return status == 0;
}

class Chroot : public testing::Test {
  protected:
    Chroot() {
        fs::permissions(dir_.path(), fs::perms(0777));
        fs::create_directory(dir_ / "jail");
        fs::permissions(dir_ / "jail", fs::perms(0755));
        dir_.write("jail/inside", "inside");
        dir_.write("outside", "outside");
    }
    void SetUp() override {
        if (::geteuid() != 0 || !may_chroot()) GTEST_SKIP() << "only root may change the root directory";
        if (!is_found_by_daemon(dir_)) GTEST_SKIP() << "another user can't reach " << dir_.path();
    }

    GirinCommand confined(std::vector<std::string> more = {}, std::size_t workers = 1) const {
        std::vector<std::string> args = {"-w", std::to_string(workers), "-b", "127.0.0.1:0", "-u", "daemon",
                                         "--chroot", dir_ / "jail", "--soak", "0.1"};
        args.insert(args.end(), more.begin(), more.end());
        args.push_back(app("misbehaving"));
        return GirinCommand(std::move(args), workers);
    }

    static std::string file(const Endpoint& server, const std::string& path) { return get(server, "/file?" + path).body; }

    /// Sees what is inside, and nothing else.
    [[nodiscard]] testing::AssertionResult is_confined(const Endpoint& server) const {
        for (const char* path : {"/inside", "inside", "/../../inside"}) {
            if (file(server, path) != "inside") return testing::AssertionFailure() << path << " is not to be seen";
        }
        for (const std::string& path : {dir_ / "outside", std::string("../outside"), std::string("/proc/self/status"),
                                        std::string("/etc/passwd")}) {
            if (file(server, path) != "nothing") return testing::AssertionFailure() << path << " can be seen";
        }
        return testing::AssertionSuccess();
    }

    const TempDir dir_;
};

TEST_F(Chroot, IsAllThatAnApplicationSees) {
    GirinProcess girin(dir_, confined());
    EXPECT_TRUE(is_confined(girin.endpoint())) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/loaded").body, "1 1") << "none of its code runs as root";
    const std::string proc = "/proc/" + std::to_string(girin.workers().at(0));
    const std::string status = read_file(proc + "/status");
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
        EXPECT_TRUE(std::regex_search(status, std::regex(std::string(set) + ":\t0+\n"))) << status;
    }
    EXPECT_EQ(fs::read_symlink(proc + "/root"), fs::canonical(dir_ / "jail"));
    EXPECT_EQ(fs::read_symlink(proc + "/cwd"), fs::canonical(dir_ / "jail"));
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
}

TEST_F(Chroot, HoldsWorkersOfLaterGenerationsToo) {
    GirinProcess girin(dir_, confined({}, 2));
    const std::vector<pid_t> first = girin.workers();
    girin.hup();
    ASSERT_TRUE(girin.workers_become(2, first)) << girin.log();
    EXPECT_TRUE(is_confined(girin.endpoint())) << girin.log();
}

TEST_F(Chroot, HoldsAnApplicationThatWasLoadedBefore) {
    GirinProcess girin(dir_, confined({"--preload"}));
    EXPECT_TRUE(is_confined(girin.endpoint())) << girin.log();
}

TEST_F(Chroot, LeavesLogsWhereTheyAre) {
    const auto lines = [this](const char* name) { return fs::exists(dir_ / name) ? read_file(dir_ / name) : ""; };
    GirinProcess girin(dir_, confined({"--access-logfile", dir_ / "access"}));
    get(girin.endpoint(), "/first");
    EXPECT_TRUE(eventually(10s, "a line", [&] { return count_of(lines("access"), "/first") == 1; }));
    fs::rename(dir_ / "access", dir_ / "access.1");
    girin.usr1();
    EXPECT_TRUE(eventually(10s, "a line in the new file", [&] {
        get(girin.endpoint(), "/second");
        return count_of(lines("access"), "/second") > 0;
    })) << girin.log();
    struct stat about {};
    ASSERT_EQ(::stat((dir_ / "access").c_str(), &about), 0);
    EXPECT_EQ(about.st_uid, 1u);
    EXPECT_FALSE(fs::exists(dir_ / ("jail" + (dir_ / "access"))));
}

TEST_F(Chroot, LeavesTheErrorLogWhereItIs) {
    GirinCommand command = confined({"--error-logfile", dir_ / "errors"});
    command.ready_workers = 0;
    command.args[3] = "unix:" + (dir_ / "s");
    command.limit = 0ms;
    ChildProcess girin(girin_command(command.args));
    const Endpoint endpoint = Endpoint::unix_socket(dir_ / "s");
    const auto logged = [this](const std::string& part, const char* name) {
        return fs::exists(dir_ / name) && count_of(read_file(dir_ / name), part) > 0;
    };
    ASSERT_TRUE(eventually(15s, "a worker", [&] { return logged("is ready", "errors"); })) << girin.standard_error();
    fs::rename(dir_ / "errors", dir_ / "errors.1");
    girin.signal(SIGUSR1);
    EXPECT_TRUE(eventually(15s, "a worker's line in the new file", [&] {
        get(endpoint, "/throw");
        return logged("thrown on demand", "errors");
    }));
    girin.signal(SIGTERM);
    EXPECT_EQ(girin.wait_exit(15s), (ExitStatus{0, 0}));
}

TEST_F(Chroot, LeavesReportsOfCrashesWhole) {
    GirinProcess girin(dir_, confined());
    provoke(girin.endpoint(), "/crash");
    ASSERT_TRUE(girin.becomes_ready(2, 0)) << girin.log();
    const bool has_stack = handles_crashes() && girin.log().find("no stack: ") == std::string::npos;
    EXPECT_TRUE(!has_stack || girin.log().find("misbehaving.cpp:") != std::string::npos) << girin.log();
    EXPECT_TRUE(is_confined(girin.endpoint()));
}

TEST_F(Chroot, GoesOnAfterAnUpgrade) {
    Masters masters(dir_, confined());
    ASSERT_TRUE(masters.upgrade()) << masters.log();
    EXPECT_TRUE(is_confined(masters.endpoint())) << masters.log();
}

TEST_F(Chroot, IsRefusedToALibraryThatKeepsAThreadOutside) {
    GirinCommand command = confined();
    command.args.back() = app("loading_starts_thread");
    const Finished finished = run(girin_command(command.args), 30s);
    EXPECT_EQ(finished.status, (ExitStatus{3, 0}));
    EXPECT_NE(finished.error.find("it starts threads while it is loaded"), std::string::npos) << finished.error;
}

TEST_F(Chroot, IsWarnedOfWhereWorkersAreRoot) {
    GirinCommand command = confined();
    command.args[5] = "root";
    GirinProcess girin(dir_, command);
    EXPECT_TRUE(girin.wait_for_log("workers run as root, who can leave it")) << girin.log();
    EXPECT_TRUE(is_confined(girin.endpoint())) << girin.log();
}

TEST_F(Chroot, IsCheckedBeforeAnythingStarts) {
    const auto try_with = [](const std::string& root, const std::string& answer) {
        std::vector<std::string> args = {"-b", "127.0.0.1:0", "--chroot", root, "demo"};
        if (!answer.empty()) args.insert(args.begin(), answer);
        return run(girin_command(args));
    };
    const std::string sentence = "girin: chroot " + (dir_ / "none") + ": no such file or directory\n";
    EXPECT_EQ(try_with(dir_ / "none", "--check-config").status, (ExitStatus{2, 0}));
    EXPECT_EQ(try_with(dir_ / "none", "--check-config").error, sentence);
    EXPECT_EQ(try_with(dir_ / "none", "").error, sentence);
    EXPECT_EQ(try_with(dir_ / "outside", "--check-config").error,
              "girin: chroot " + (dir_ / "outside") + ": not a directory\n");
    EXPECT_EQ(try_with(dir_ / "jail", "--check-config").status, (ExitStatus{0, 0}));
}

/// Copies a program and the libraries that it needs; false: ldd can't say which.
bool copy_program(const std::string& program, const std::string& root) {
    const auto copy = [&](const std::string& file) {
        fs::create_directories(root + fs::path(file).parent_path().string());
        fs::copy_file(fs::canonical(file), root + file, fs::copy_options::overwrite_existing);
    };
    copy(program);
    const Finished ldd = run(Command("ldd", {program}));
    std::istringstream words(ldd.output);
    for (std::string word; words >> word;) {
        if (word.starts_with("/")) copy(word);
    }
    return ldd.status == ExitStatus{0, 0};
}

TEST_F(Chroot, IsThatOfAProgramToo) {
    if (!find_program("ldd") || !copy_program("/bin/sh", dir_ / "jail")) GTEST_SKIP() << "nothing says what /bin/sh needs";
    ASSERT_EQ(::mkfifo((dir_ / "jail/never").c_str(), 0666), 0);
    const std::string script = "read -r word < /inside; echo \"it sees: $word\"; [ ! -e " + (dir_ / "outside") +
                               " ] && echo 'and no more'; read -r word < /never";
    GirinProcess girin(dir_, GirinCommand({"--exec", "-w", "1", "-b", "127.0.0.1:0", "-u", "daemon", "--chroot",
                                           dir_ / "jail", "--", "sh", "-c", script}));
    EXPECT_TRUE(eventually(15s, "what it sees", [&] {
        return girin.child().standard_output().find("it sees: inside\nand no more\n") != std::string::npos;
    })) << girin.child().standard_output() << girin.log();
    for (const pid_t process : descendants_of(girin.workers().at(0))) {
        const std::string status = read_file("/proc/" + std::to_string(process) + "/status");
        EXPECT_TRUE(std::regex_search(status, std::regex("CapPrm:\t0+\n"))) << status;
        EXPECT_TRUE(std::regex_search(status, std::regex("Uid:\t1\t1\t1\t1"))) << status;
    }
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
}

TEST_F(Chroot, IsWhereAProgramIsLookedFor) {
    const Finished finished = run(girin_command({"--exec", "-b", "127.0.0.1:0", "--chroot", dir_ / "jail", "--", "sh"}));
    EXPECT_EQ(finished.status, (ExitStatus{4, 0}));
    EXPECT_NE(finished.error.find("command 'sh' was not found in PATH in the root directory"), std::string::npos)
        << finished.error;
}

}  // namespace
}  // namespace girin::test
