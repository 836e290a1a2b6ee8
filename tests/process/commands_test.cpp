// girin's commands as an operator types them: outcome, words and exit code. What lies under them: control_test.cpp.

#include <unistd.h>

#include <filesystem>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
namespace json = boost::json;

class Commands : public testing::Test {
  protected:
    /// Two workers with its control socket where it is by itself, below the test's directory.
    GirinCommand server(std::vector<std::string> more = {"demo"}) const {
        GirinCommand command({"-w", "2", "-b", "127.0.0.1:0", "--soak", "0.05", "--control-socket", dir_ / "c"}, 2);
        command.args.insert(command.args.end(), more.begin(), more.end());
        return command;
    }
    /// `girin ARGS --control-socket …`, run to its end.
    Finished girin(std::vector<std::string> args) const {
        args.insert(args.end(), {"--control-socket", dir_ / "c"});
        return run_girin(dir_, args);
    }
    /// "0 2 workers serve": exit code, and what it printed, wherever to.
    std::string said(const std::vector<std::string>& args) const {
        const Finished done = girin(args);
        std::string text = done.output + done.error;
        if (!text.empty() && text.back() == '\n') text.pop_back();
        return std::to_string(done.status.code) + " " + text;
    }

    const TempDir dir_;
};

TEST_F(Commands, TellTheStatus) {
    GirinProcess running(dir_, server({"-n", "shop", "demo"}));
    EXPECT_TRUE(eventually(10s, "what is logged to be told", [&] {
        return girin({"status"}).output.find(": serving, 2 of 2 workers ready") != std::string::npos;
    }));
    const Finished status = girin({"status"});
    EXPECT_EQ(status.status.code, 0) << status.error;
    EXPECT_NE(status.output.find("[shop], pid " + std::to_string(running.pid()) + ": serving, 2 of 2 workers ready"),
              std::string::npos) << status.output;
    for (const pid_t worker : running.workers()) {
        EXPECT_NE(status.output.find(std::to_string(worker)), std::string::npos) << status.output;
    }
    const json::value parsed = json::parse(girin({"status", "--json"}).output);
    EXPECT_EQ(parsed.at("pid").as_int64(), running.pid());
    const Finished top = girin({"top", "--once"});
    EXPECT_EQ(top.status.code, 0);
    EXPECT_NE(top.output.find("SLOT"), std::string::npos);
    EXPECT_EQ(top.output.find('\033'), std::string::npos);
}

TEST_F(Commands, ReloadOrSayWhyNot) {
    const std::string library = dir_ / "shop.so";
    fs::copy_file(app("minimal"), library);
    GirinProcess running(dir_, server({library}));
    EXPECT_EQ(said({"reload"}), "0 generation 2 serves; it is watched for 30 s more");
    fs::copy_file(app("constructor_throws"), library, fs::copy_options::overwrite_existing);
    const std::string failed = said({"reload"});
    EXPECT_TRUE(failed.starts_with("1 girin reload: generation 3 failed and was rolled back: ")) << failed;
    EXPECT_NE(failed.find("shop.so"), std::string::npos) << failed;
    const Finished as_json = girin({"reload", "--json"});
    EXPECT_EQ(as_json.status.code, 1);
    EXPECT_EQ(json::parse(as_json.output).at("outcome").as_string(), "failed");
    EXPECT_NE(girin({"status"}).output.find("Last reload: generation 4 rolled back"), std::string::npos);
    EXPECT_EQ(get(running.endpoint(), "/").status, 200);
}

TEST_F(Commands, Scale) {
    GirinProcess running(dir_, server());
    // FAULTS 7: a pidfile that isn't there was said to have no process id in it, and a name that was asked for wasn't told.
    const std::string missing = dir_ / "none";
    EXPECT_NE(run_girin(dir_, {"status", "-p", missing}).error.find(missing + ": no such file"), std::string::npos);
    EXPECT_NE(run_girin(dir_, {"status", "-n", "nope"}).error.find("there is none named 'nope'"), std::string::npos);
    EXPECT_EQ(said({"scale", "3"}), "0 3 workers serve");
    EXPECT_EQ(said({"scale", "-2"}), "0 1 worker serves");
    EXPECT_EQ(said({"scale", "+1"}), "0 2 workers serve");
    EXPECT_TRUE(running.workers_become(2));
    // FAULTS 7: what is beyond the bounds was cut to them, and the answer was that of a success.
    EXPECT_EQ(said({"scale", "-5"}), "0 1 worker serves, the smallest number (asked for -3)");
    EXPECT_TRUE(running.wait_for_log("Scale: from 2 to 1 workers, the smallest number (asked for -3)")) << running.log();
    EXPECT_EQ(said({"scale", "-1"}), "0 1 worker serves, the smallest number (asked for 0)");
    EXPECT_TRUE(running.wait_for_log("the number of workers stays 1; it may be 1 to ")) << running.log();
    running.signal(SIGWINCH);
    ASSERT_TRUE(running.workers_become(0));
    EXPECT_EQ(said({"scale", "-1"}), "1 girin scale: all workers are drained; a reload brings them back");
    EXPECT_EQ(said({"scale", "2"}), "0 2 workers serve");
    EXPECT_TRUE(said({"scale", "0"}).starts_with("1 girin scale: '0' is no number of workers"));
    EXPECT_TRUE(said({"scale", "some"}).starts_with("1 girin scale: "));
}

TEST_F(Commands, KillReopenAndChangeTheLogsLevel) {
    GirinProcess running(dir_, server());
    const json::value before = json::parse(girin({"status", "--json"}).output);
    const auto pid = before.at("slots").as_array()[1].at("pid").as_int64();
    EXPECT_EQ(said({"kill", "1"}), "0 worker 1 (pid " + std::to_string(pid) + ") has finished");
    EXPECT_TRUE(running.workers_become(2, {static_cast<pid_t>(pid)}));
    EXPECT_TRUE(said({"kill", "1000000"}).starts_with("1 girin kill: "));
    EXPECT_EQ(said({"reopen"}), "0 log files are opened anew");
    EXPECT_EQ(said({"log-level", "debug"}), "0 the log's level is debug");
    EXPECT_TRUE(said({"log-level", "loud"}).starts_with("1 girin log-level: "));
}

// FAULTS 7: only status was seen to fail where no server runs; a script tells by the exit code alone.
TEST_F(Commands, FailWhereNoServerRuns) {
    const std::string nowhere = dir_ / "none";
    const std::vector<std::vector<std::string>> commands = {
        {"status"}, {"top", "--once"}, {"reload"}, {"stop"}, {"stop", "--quick"}, {"scale", "2"}, {"reopen"},
        {"upgrade"}, {"kill", "0"}, {"log-level", "info"}};
    for (std::vector<std::string> command : commands) {
        const std::string name = "girin " + command[0] + ": ";
        command.insert(command.end(), {"--control-socket", nowhere});
        const Finished finished = run_girin(dir_, command);
        EXPECT_EQ(finished.status, (ExitStatus{1, 0})) << name;
        EXPECT_EQ(finished.error, name + "connect to " + nowhere + ": no such file or directory\n");
        EXPECT_EQ(finished.output, "");
        command.emplace_back("--json");
        const Finished as_json = run_girin(dir_, command);
        EXPECT_EQ(as_json.status, (ExitStatus{1, 0})) << name;
        EXPECT_EQ(json::parse(as_json.output).at("outcome").as_string(), "failed") << as_json.output;
    }
    for (const char* command : {"status", "stop", "reload"}) {
        const Finished unnamed = run_girin(dir_, {command, "-n", "nobody-is-called-so"});
        EXPECT_EQ(unnamed.status, (ExitStatus{1, 0})) << command;
        EXPECT_TRUE(unnamed.error.starts_with(std::string("girin ") + command + ": no such server runs, ")) << unnamed.error;
    }
}

TEST_F(Commands, StopAndWaitForTheEnd) {
    for (const bool quick : {false, true}) {
        GirinProcess running(dir_, server());
        EXPECT_EQ(said(quick ? std::vector<std::string>{"stop", "--quick"} : std::vector<std::string>{"stop"}),
                  "0 the server has stopped");
        EXPECT_FALSE(is_running(running.pid()));
        EXPECT_TRUE(said({"status"}).starts_with("1 girin status: connect to"));
    }
}

// FAULTS 19, a sibling: without pidfds girin stop didn't wait, and a server that goes without an answer was a failure.
TEST_F(Commands, StopAndWaitForTheEndWithoutPidfds) {
    const std::string launcher = fs::path(app("minimal")).replace_filename("bad_start");
    if (run(Command(launcher, {"refuse=pidfd_open", "--", "/bin/true"})).status.code == 77) {
        GTEST_SKIP() << "no filter may be set here";
    }
    GirinProcess running(dir_, server({"--on-worker-exit", "sleep 1", "demo"}));
    const Finished done =
        run(Command(launcher, {"refuse=pidfd_open", "--", girin_binary(), "stop", "--control-socket", dir_ / "c"}));
    EXPECT_FALSE(is_running(running.pid()));
    EXPECT_EQ(done.status.code, 0);
    EXPECT_EQ(done.output, "the server has stopped\n") << done.error;
}

TEST_F(Commands, SayHowTheyAreUsed) {
    EXPECT_TRUE(said({"scale", "--help"}).starts_with("0 usage: girin scale N|+N|-N"));
    EXPECT_TRUE(said({"scale"}).starts_with("2 girin scale: N|+N|-N is missing"));
    EXPECT_TRUE(said({"reload", "now"}).starts_with("2 girin reload: 'now' is one too many"));
    EXPECT_TRUE(said({"status", "--brief"}).starts_with("2 girin status: unknown option --brief"));
    EXPECT_TRUE(said({"reload", "--quick"}).starts_with("2 girin reload: --quick is for girin stop"));
    EXPECT_TRUE(said({"status", "-n"}).starts_with("2 girin status: ")) << said({"status", "-n"});
}

TEST_F(Commands, FindTheServerByItsNameOrPidfile) {
    const TempDir other;
    const std::map<std::string, std::string> place = {{"GIRIN_CONTROL_SOCKET", "auto"}};
    GirinCommand first({"-w", "1", "-b", "127.0.0.1:0", "-n", "one-" + std::to_string(::getpid()), "demo"}, 1);
    GirinCommand second({"-w", "1", "-b", "127.0.0.1:0", "-p", other / "pid", "demo"}, 1);
    first.environment = second.environment = place;
    GirinProcess one(dir_, first);
    GirinProcess two(other, second);
    const auto pid_told = [&](std::vector<std::string> args) {
        args.insert(args.begin(), {"status", "--json"});
        return json::parse(run_girin(dir_, args).output).at("pid").as_int64();
    };
    EXPECT_EQ(pid_told({"-n", "one-" + std::to_string(::getpid())}), one.pid());
    EXPECT_EQ(pid_told({"-p", other / "pid"}), two.pid());
    const Finished unclear = run_girin(dir_, {"status"});
    EXPECT_EQ(unclear.status.code, 1);
    EXPECT_NE(unclear.error.find("(pid " + std::to_string(one.pid())), std::string::npos) << unclear.error;
    EXPECT_NE(unclear.error.find("(pid " + std::to_string(two.pid())), std::string::npos) << unclear.error;
}

}  // namespace
}  // namespace girin::test
