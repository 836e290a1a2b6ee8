// Commands that run on events: what they are told, that they can't hurt, and that --on-starting may refuse the start.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

std::string text_of(const std::string& path) { return fs::exists(path) ? read_file(path) : std::string(); }

class Hooks : public testing::Test {
  protected:
    /// Writes `variables` of its environment to a line of `file`, whole.
    std::string telling(const std::string& file, const std::string& variables) const {
        return "echo \"" + variables + "\" >> " + (dir_ / file);
    }
    [[nodiscard]] testing::AssertionResult tells(const std::string& file, const std::string& line) const {
        auto told = eventually(15s, "'" + line + "'", [&] { return text_of(dir_ / file).find(line) != std::string::npos; });
        return told ? told : told << "; there is: " << text_of(dir_ / file);
    }

    const TempDir dir_;
};

TEST_F(Hooks, AreToldOfTheStart) {
    const std::string facts = "$GIRIN_EVENT $GIRIN_MASTER_PID $GIRIN_NAME $GIRIN_GENERATION $GIRIN_LISTEN";
    GirinProcess girin(dir_, GirinCommand({"-w", "2", "-n", "shop", "-b", "127.0.0.1:0", "--on-starting",
                                           telling("starting", facts), "--on-ready", telling("ready", facts), "demo"}, 2));
    const std::string pid = std::to_string(girin.pid());
    EXPECT_TRUE(tells("starting", "starting " + pid + " shop 1 127.0.0.1:0\n"));
    EXPECT_TRUE(tells("ready", "ready " + pid + " shop 1 " + girin.endpoint().to_text() + "\n"));
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(count_of(text_of(dir_ / "ready"), "ready"), 1U);
}

TEST_F(Hooks, AreToldHowAWorkerEnded) {
    const std::string facts = "$GIRIN_EVENT $GIRIN_WORKER_PID $GIRIN_SLOT $GIRIN_CAUSE ${GIRIN_EXIT_CODE-none} $GIRIN_SIGNAL.";
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--on-worker-exit", telling("exits", facts),
                                           app("misbehaving")}));
    const std::string killed = std::to_string(girin.workers().at(0));
    ::kill(girin.workers().at(0), SIGKILL);
    EXPECT_TRUE(tells("exits", "worker-exit " + killed + " 0 was killed by SIGKILL from outside none 9.\n"));
    ASSERT_TRUE(girin.becomes_ready(2, 0)) << girin.log();
    provoke(girin.endpoint(), "/exit/5");
    EXPECT_TRUE(tells("exits", " exited with code 5 5 .\n"));
    ASSERT_TRUE(girin.becomes_ready(3, 0)) << girin.log();
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_TRUE(text_of(dir_ / "exits").ends_with(" has finished 0 .\n")) << text_of(dir_ / "exits");
}

TEST_F(Hooks, AreToldHowReloadsWent) {
    const std::string library = dir_ / "served.so";
    fs::copy_file(app("minimal"), library);
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "--soak", "0.1", "-b", "127.0.0.1:0", "--on-reload",
                                           telling("reloads", "$GIRIN_EVENT $GIRIN_GENERATION $GIRIN_OUTCOME: $GIRIN_REASON."),
                                           library}));
    girin.hup();
    EXPECT_TRUE(tells("reloads", "reload 2 reloaded: .\n")) << girin.log();
    fs::remove(library);
    girin.hup();
    EXPECT_TRUE(tells("reloads", "reload 3 rolled-back: ")) << girin.log();
    EXPECT_NE(text_of(dir_ / "reloads").find(library), std::string::npos) << text_of(dir_ / "reloads");
}

TEST_F(Hooks, AreToldOfWorkersThatFailInARow) {
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--on-degraded",
                                           telling("degraded", "$GIRIN_EVENT: $GIRIN_REASON"), app("misbehaving")}));
    for (std::size_t ready = 2; text_of(dir_ / "degraded").empty() && ready < 5; ++ready) {
        provoke(girin.endpoint(), "/exit/5");
        ASSERT_TRUE(girin.becomes_ready(ready, 0)) << girin.log();
    }
    EXPECT_TRUE(tells("degraded", "degraded: "));
}

TEST_F(Hooks, ThatFailOrHangAreALineInTheLog) {
    // The one that hangs has a child, which would hold the log's descriptor open.
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--hook-timeout", "0.5", "--on-ready",
                                           "echo said by the hook; exit 3", "--on-worker-exit",
                                           "(sleep 1000; true) & echo $! > child; wait", "demo"}));
    EXPECT_TRUE(girin.wait_for_log("said by the hook")) << girin.log();
    const auto failed = girin.wait_for_log("Hook on-ready (pid ");
    ASSERT_TRUE(failed) << girin.log();
    EXPECT_TRUE(failed->ends_with(" exited with code 3")) << *failed;
    ::kill(girin.workers().at(0), SIGKILL);
    const auto killed = girin.wait_for_log("Hook on-worker-exit (pid ");
    ASSERT_TRUE(killed) << girin.log();
    EXPECT_NE(killed->find("was killed by us with SIGKILL: it took longer than"), std::string::npos) << *killed;
    const auto child = static_cast<pid_t>(std::stoi(text_of(dir_ / "child")));
    EXPECT_TRUE(eventually(10s, "the hook's child to be gone", [&] { return !is_running(child); }));
    ASSERT_TRUE(girin.becomes_ready(2, 0)) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
}

TEST_F(Hooks, InheritNothingButALogToWriteTo) {
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--on-ready",
                                           "ls /proc/self/fd > fds.new; "
                                           "grep -E '^Sig(Blk|Ign)' /proc/self/status > masks; "
                                           "cat; cut -d' ' -f5 /proc/$$/stat > group; echo $$ >> group; mv fds.new fds",
                                           "demo"}));
    ASSERT_TRUE(eventually(15s, "the hook's end", [&] { return fs::exists(dir_ / "fds"); })) << girin.log();
    EXPECT_EQ(text_of(dir_ / "fds"), "0\n1\n2\n3\n") << "the last is the directory that ls reads";
    EXPECT_EQ(count_of(text_of(dir_ / "masks"), "0000000000000000"), 2U) << text_of(dir_ / "masks");
    const std::string group = text_of(dir_ / "group");
    const std::size_t half = group.size() / 2;
    EXPECT_EQ(group.substr(0, half), group.substr(half)) << "leads a process group of its own";
}

TEST_F(Hooks, ThatAreManyRunFourAtOnce) {
    ASSERT_EQ(::mkfifo((dir_ / "go").c_str(), 0600), 0);
    GirinProcess girin(dir_, GirinCommand({"-w", "8", "-b", "127.0.0.1:0", "--hook-timeout", "1000", "--on-worker-exit",
                                           "echo x >> begun; read -r word < go", "demo"}, 8));
    const std::vector<pid_t> workers = girin.workers();
    for (const pid_t worker : workers) ::kill(worker, SIGKILL);
    ASSERT_TRUE(girin.becomes_ready(16, 0)) << girin.log();  // hooks are children too, but no workers
    EXPECT_TRUE(eventually(15s, "four", [&] { return text_of(dir_ / "begun") == "x\nx\nx\nx\n"; })) << text_of(dir_ / "begun");
    EXPECT_FALSE(wait_until(500ms, [&] { return count_of(text_of(dir_ / "begun"), "x") > 4; })) << "others wait";
    const UniqueFd go(::open((dir_ / "go").c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(::write(go.get(), "1\n2\n3\n4\n5\n6\n7\n8\n", 16), 16);
    EXPECT_TRUE(eventually(15s, "all of them", [&] { return count_of(text_of(dir_ / "begun"), "x") == 8; }));
    ASSERT_EQ(::write(go.get(), "1\n2\n3\n4\n5\n6\n7\n8\n", 16), 16);  // for those of the server's end
    girin.interrupt();
    EXPECT_EQ(girin.child().wait_exit(15s), (ExitStatus{0, 0})) << girin.log();
}

TEST_F(Hooks, AtTheEndMayFinishButNotForEver) {
    {
        GirinProcess girin(dir_, GirinCommand({"-w", "3", "-b", "127.0.0.1:0", "--on-worker-exit",
                                               "sleep 0.3; echo x >> finished", "demo"}, 3));
        EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
        EXPECT_EQ(text_of(dir_ / "finished"), "x\nx\nx\n");
    }
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--hook-timeout", "1000", "--on-worker-exit",
                                           "echo $$ > running; sleep 1000", "demo"}));
    girin.term();
    ASSERT_TRUE(eventually(15s, "the hook to run", [&] { return !text_of(dir_ / "running").empty(); })) << girin.log();
    girin.interrupt();
    EXPECT_EQ(girin.child().wait_exit(15s), (ExitStatus{0, 0})) << girin.log();
    EXPECT_NE(girin.log().find("was killed by us with SIGKILL: the server ends"), std::string::npos) << girin.log();
}

TEST_F(Hooks, OnStartingRefuseTheStart) {
    const auto start = [&](const std::string& command, const std::string& timeout) {
        return run_girin(dir_, {"-w", "1", "-b", "127.0.0.1:0", "--hook-timeout", timeout, "--on-starting", command, "demo"});
    };
    const Finished failed = start("echo no schema; exit 7", "10");
    EXPECT_EQ(failed.status, (ExitStatus{3, 0}));
    EXPECT_NE(failed.error.find("no schema\n"), std::string::npos) << failed.error;
    EXPECT_NE(failed.error.find("Hook on-starting exited with code 7"), std::string::npos) << failed.error;
    EXPECT_EQ(failed.error.find("Listening at"), std::string::npos) << failed.error;
    const Finished late = start("sleep 1000", "0.2");
    EXPECT_EQ(late.status, (ExitStatus{3, 0}));
    EXPECT_NE(late.error.find("SIGKILL: it took longer than"), std::string::npos) << late.error;
}

TEST_F(Hooks, OnStartingEndWithAServerThatIsStopped) {
    GirinCommand command({"-w", "1", "-b", "127.0.0.1:0", "--hook-timeout", "1000", "--on-starting",
                          "echo $$ > running; sleep 1000", "demo"}, 0);
    Command start = girin_command(command.args);
    start.directory = dir_.path();
    ChildProcess girin(start);
    ASSERT_TRUE(eventually(15s, "the hook to run", [&] { return !text_of(dir_ / "running").empty(); }));
    girin.signal(SIGTERM);
    EXPECT_EQ(girin.wait_exit(15s), (ExitStatus{0, 0})) << girin.standard_error();
    // FAULTS 7: the log had no reason for the end.
    EXPECT_NE(girin.standard_error().find("Received SIGTERM"), std::string::npos) << girin.standard_error();
    EXPECT_EQ(girin.standard_error().find("Listening at"), std::string::npos) << girin.standard_error();
}

}  // namespace
}  // namespace girin::test
