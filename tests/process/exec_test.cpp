// --exec: workers that are other programs, with real ones: Python's asyncio on descriptor 3, and node where it is there.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
using load::LoadThread;

const std::string kScripts = GIRIN_TEST_SCRIPTS;

bool can_run(const std::string& program, std::vector<std::string> args) {
    try {
        return run(Command(program, std::move(args))).status == ExitStatus{0, 0};
    } catch (const std::exception&) {
        return false;
    }
}

/// A Python that has `module`: the system's, where packages put it, or the one in PATH; empty: none.
std::string python_with(const std::string& module) {
    for (const std::string python : {"/usr/bin/python3", "python3"}) {
        if (can_run(python, {"-c", "import " + module})) return python;
    }
    return {};
}

class Exec : public testing::Test {
  protected:
    void SetUp() override {
        static const bool has_python = can_run("python3", {"-c", "import asyncio"});
        if (!has_python) GTEST_SKIP() << "there is no python3";
    }

    /// `options`, then the server that is written in Python, told `how`.
    static GirinCommand served(std::vector<std::string> options, const std::vector<std::string>& how = {},
                               std::size_t ready = 1) {
        std::vector<std::string> args = {"--exec", "-b", "127.0.0.1:0", "--exec-ready", "notify"};
        args.insert(args.end(), options.begin(), options.end());
        args.insert(args.end(), {"--", "python3", kScripts + "/served.py"});
        args.insert(args.end(), how.begin(), how.end());
        return GirinCommand(std::move(args), ready);
    }

    /// As settings in a file, which a reload reads again.
    void write_config(const std::string& how) const {
        std::ofstream file(dir_ / "girin.conf");
        file << "bind = 127.0.0.1:0\nworkers = 2\nsoak = 0.1\nexec_ready = notify\nexec = python3\nexec = " << kScripts
             << "/served.py\n";
        if (!how.empty()) file << "exec = " << how << "\n";
    }

    static pid_t pid_of(const GirinProcess& girin) {
        const std::string body = get(girin.endpoint(), "/").body;
        return body.starts_with("pid=") ? std::stoi(body.substr(4)) : 0;
    }

    const TempDir dir_;
};

TEST_F(Exec, ServesWithThePlaceAndTheSocketsThatItIsGiven) {
    GirinProcess girin(dir_, served({"-w", "1"}, {"--fd={fd}", "{slot}"}));
    const std::string environment = get(girin.endpoint(), "/environment").body;
    const std::string pid = std::to_string(pid_of(girin));
    EXPECT_EQ(environment, "LISTEN_FDS=1 LISTEN_PID=" + pid + " LISTEN_FDNAMES=listener-0 GIRIN_SLOT=0 GIRIN_GENERATION=1");
    EXPECT_EQ(get(girin.endpoint(), "/arguments").body, "--fd=3 0");
    EXPECT_TRUE(girin.wait_for_log("Worker 0: serves")) << girin.log();
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
}

TEST_F(Exec, ReloadsUnderLoadWithoutALoss) {
    GirinProcess girin(dir_, served({"-w", "2", "--soak", "0.1"}, {}, 2));
    const std::vector<pid_t> first = girin.workers();
    LoadThread load(load_on(girin.endpoint(), "/", 50));
    girin.hup();
    EXPECT_TRUE(girin.workers_become(2, first, 30s)) << girin.log();
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
}

TEST_F(Exec, StopsOnceWhatIsInFlightIsDone) {
    GirinProcess girin(dir_, served({"-w", "1"}));
    HttpClient client(girin.endpoint());
    client.send(format_request("GET", "/slow"));
    // The next answer shows that the slow request has come in before.
    EXPECT_NE(pid_of(girin), 0);
    girin.term();
    EXPECT_EQ(client.read_response().status, 200);
    EXPECT_EQ(girin.child().wait_exit(15s), (ExitStatus{0, 0})) << girin.log();
}

TEST_F(Exec, ThatCrashesIsReplacedAndToldWithItsCause) {
    GirinProcess girin(dir_, served({"-w", "1"}));
    provoke(girin.endpoint(), "/crash");
    EXPECT_TRUE(girin.wait_for_log("crashed: SIGSEGV")) << girin.log();
    ASSERT_TRUE(girin.becomes_ready(2, 0)) << girin.log();
    EXPECT_NE(pid_of(girin), 0);
}

TEST_F(Exec, BrokenInAReloadLeavesTheOldServing) {
    write_config("");
    GirinProcess girin(dir_, GirinCommand({}, 2));
    write_config("broken");
    girin.hup();
    EXPECT_TRUE(girin.wait_for_log("'python3' exited with code 1 before it was ready", 15s)) << girin.log();
    ASSERT_TRUE(girin.wait_for_log(" serves on: ", 15s)) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/arguments").body, "");
    write_config("better");
    girin.hup();
    EXPECT_TRUE(eventually(20s, "the new arguments", [&] {
        return get(girin.endpoint(), "/arguments").body == "better";
    })) << girin.log();
}

TEST_F(Exec, ThatIsStubbornIsKilledWithItsChildren) {
    GirinProcess girin(dir_, served({"-w", "1", "--graceful-timeout", "0.3"}, {"stubborn"}));
    const auto line = girin.wait_for_log("stubborn child ");
    ASSERT_TRUE(line) << girin.log();
    const pid_t child = std::stoi(line->substr(line->rfind(' ') + 1));
    ASSERT_TRUE(is_running(child));
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_NE(girin.log().find("was not done when --graceful-timeout was over; it is killed"), std::string::npos);
    EXPECT_TRUE(eventually(5s, "its child's end", [&] { return !is_running(child); }));
}

TEST_F(Exec, ThatNeverSaysReadyFailsTheStart) {
    const Finished finished = run_girin(dir_, served({"-w", "1", "--boot-timeout", "1.5"}, {"mute"}).args);
    EXPECT_EQ(finished.status.code, 3) << finished.error;
    EXPECT_NE(finished.error.find("did not become ready within 1.5 s"), std::string::npos) << finished.error;
}

TEST_F(Exec, ThatFallsSilentIsAbortedAndReplaced) {
    GirinProcess girin(dir_, served({"-w", "1", "--timeout", "1"}, {"silent"}));
    EXPECT_TRUE(girin.wait_for_log("is aborted: no WATCHDOG=1 for 1 s")) << girin.log();
    EXPECT_TRUE(girin.becomes_ready(2, 0)) << girin.log();
}

TEST_F(Exec, IsReadyWhenItsOwnPortAnswers) {
    // Free, and none that the kernel gives to others meanwhile.
    Endpoint free = Endpoint::tcp("127.0.0.1", static_cast<std::uint16_t>(20'000 + ::getpid() % 10'000));
    while (!listen_on(free)) ++free.port;
    const std::string port = std::to_string(free.port);
    const std::string late = "import os,socket,time; time.sleep(0.3); s = socket.create_server(('127.0.0.1', int('{port}')));"
                             " print('listens on {port}', flush=True); time.sleep(60)";
    GirinCommand command({"--exec", "-w", "1", "-b", "127.0.0.1:0", "--exec-ready", "port", "--exec-port", port,
                          "--graceful-timeout", "1", "--", "python3", "-c", late});
    GirinProcess girin(dir_, command);
    EXPECT_NE(girin.child().standard_output().find("listens on " + port), std::string::npos) << girin.log();
}

TEST_F(Exec, IsWhatTheStatusTellsOf) {
    GirinProcess girin(dir_, served({"-w", "1", "--control-socket", dir_ / "c"}));
    const HttpResponse status = get(Endpoint::unix_socket(dir_ / "c"), "/v1/status");
    const boost::json::value slot = boost::json::parse(status.body).at("slots").as_array().at(0);
    EXPECT_EQ(slot.at("pid").as_int64(), pid_of(girin));
    EXPECT_EQ(slot.at("keeper_pid").as_int64(), girin.workers().at(0));
    EXPECT_GT(slot.at("memory").at("rss_bytes").to_number<std::int64_t>(), 0);
}

// FAULTS 43: "0 requests", told as a fact while a program answered thousands.
TEST_F(Exec, HasNoCountsOfWhatOnlyItKnows) {
    GirinProcess girin(dir_, served({"-w", "1", "--control-socket", dir_ / "c", "--admin-bind", "127.0.0.1:0"}));
    get(girin.endpoint(), "/");
    const boost::json::value status = boost::json::parse(get(Endpoint::unix_socket(dir_ / "c"), "/v1/status").body);
    EXPECT_TRUE(status.at("requests_per_second").is_null());
    EXPECT_TRUE(status.at("totals").at("requests").is_null());
    EXPECT_TRUE(status.at("slots").as_array().at(0).at("requests").is_null());
    const std::string told = run(girin_command({"status", "--control-socket", dir_ / "c"})).output;
    EXPECT_NE(told.find("not counted"), told.npos) << told;
    EXPECT_EQ(told.find("0 requests"), told.npos) << told;
    const std::string metrics = get(Endpoint::unix_socket(dir_ / "c"), "/metrics").body;
    EXPECT_EQ(metrics.find("girin_requests_total"), metrics.npos) << metrics;
    EXPECT_NE(metrics.find("girin_workers"), metrics.npos) << metrics;
}

// FAULTS 43: the default address took connections that no program accepted.
TEST_F(Exec, WithAPortOfItsOwnListensNowhereElse) {
    const std::string serve = "import os,signal; assert os.environ.get('LISTEN_FDS', '0') == '0'; signal.pause()";
    GirinCommand command({"--exec", "-w", "1", "--exec-port", "20000", "--", "python3", "-c", serve}, 0);
    command.program = girin_binary();
    ChildProcess girin(girin_command(command.args));
    ASSERT_TRUE(girin.wait_for_line("is ready", 10s)) << girin.standard_error();
    EXPECT_EQ(girin.standard_error().find("Listening at"), std::string::npos) << girin.standard_error();
    girin.signal(SIGTERM);
    EXPECT_EQ(girin.wait_exit(10s), (ExitStatus{0, 0})) << girin.standard_error();
}

TEST_F(Exec, FollowsItsQueueWithinItsRange) {
    GirinProcess girin(dir_, served({"-w", "1:3", "--scale-down-after", "1"}));
    // Its loop stands still for each, and so the next ones wait in the kernel, however fast or busy the machine is.
    load::LoadOptions queueing = load_on(girin.endpoint(), "/stall/100", 0);
    queueing.connections = 12;
    LoadThread load(queueing);
    const auto up = girin.wait_for_log("Scale: from 1 to 2 workers: ", 30s);
    ASSERT_TRUE(up) << girin.log();
    EXPECT_NE(up->find(" connections wait"), std::string::npos) << *up;
    EXPECT_TRUE(girin.becomes_ready(2, 0)) << girin.log();
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
    ASSERT_TRUE(girin.wait_for_log("to 1 workers: ", 30s)) << girin.log();
    EXPECT_TRUE(girin.workers_become(1)) << girin.log();
    EXPECT_NE(pid_of(girin), 0);
}

TEST_F(Exec, OutlivesNoMaster) {
    GirinProcess girin(dir_, served({"-w", "1"}));
    const pid_t program = pid_of(girin);
    girin.signal(SIGKILL);
    EXPECT_TRUE(eventually(10s, "the program's end", [&] { return !is_running(program); }));
    EXPECT_TRUE(girin.workers_become(0));
}

TEST(ExecOfNode, ServesAndIsReadyBecauseItLasts) {
    if (!can_run("node", {"--version"})) GTEST_SKIP() << "there is no node";
    const TempDir dir;
    const GirinCommand command({"--exec", "-w", "2", "-b", "127.0.0.1:0", "--", "node", kScripts + "/served.js", "{fd}"}, 2);
    GirinProcess girin(dir, command);
    EXPECT_TRUE(get(girin.endpoint(), "/").body.starts_with("node pid="));
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
}

TEST(ExecOfUvicorn, ServesReloadsAndStops) {
    const std::string python = python_with("uvicorn");
    if (python.empty()) GTEST_SKIP() << "there is no uvicorn";
    const TempDir dir;
    std::ofstream(dir / "asgi.py") << "async def app(scope, receive, send):\n"
                                      "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
                                      "    await send({'type': 'http.response.body', 'body': b'asgi'})\n";
    const GirinCommand command({"--exec", "-w", "1", "-b", "127.0.0.1:0", "--soak", "0.1", "--", python, "-m", "uvicorn",
                                "--lifespan", "off", "--fd", "{fd}", "asgi:app"});
    GirinProcess girin(dir, command);
    const std::vector<pid_t> first = girin.workers();
    EXPECT_TRUE(eventually(20s, "an answer", [&] { return get(girin.endpoint(), "/").body == "asgi"; })) << girin.log();
    girin.hup();
    EXPECT_TRUE(girin.workers_become(1, first, 30s)) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/").body, "asgi");
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
}

// FAULTS 5, a sibling: a check looked for the command in our PATH, and a start in the one that the settings give.
TEST(ExecRefuses, InACheckWhatAStartRefusesByTheSettingsVariables) {
    const TempDir dir;
    std::ofstream(dir / "own-command") << "#!/bin/sh\nexit 7\n";
    std::filesystem::permissions(dir / "own-command", std::filesystem::perms(0755));
    const auto run_with = [&](const std::string& path, std::vector<std::string> args, const std::string& command) {
        args.insert(args.end(), {"-w", "1", "-b", "127.0.0.1:0", "-e", "PATH=" + path, "--exec", "--", command});
        return run_girin(dir, args);
    };
    const std::string found = dir.path().string();
    EXPECT_EQ(run_with(found, {}, "own-command").status, (ExitStatus{3, 0})) << "it was run, and ended";
    const Finished checked = run_with(found, {"--check-config"}, "own-command");
    EXPECT_EQ(checked.status, (ExitStatus{0, 0})) << checked.error;
    EXPECT_EQ(run_with("/nowhere", {}, "true").status, (ExitStatus{4, 0}));
    EXPECT_EQ(run_with("/nowhere", {"--check-config"}, "true").status, (ExitStatus{4, 0}));
}

TEST(ExecRefuses, CommandsThatCannotBeRunAndContradictions) {
    const TempDir dir;
    const auto fails = [&](std::vector<std::string> args, int code, const std::string& sentence) {
        args.insert(args.begin(), {"-w", "1", "-b", "127.0.0.1:0"});
        const Finished finished = run_girin(dir, std::move(args));
        EXPECT_EQ(finished.status.code, code);
        EXPECT_NE(finished.error.find(sentence), std::string::npos) << finished.error;
    };
    std::ofstream(dir / "plain") << "text\n";
    fails({"--exec", "--", "no-such-command"}, 4, "command 'no-such-command' was not found in PATH");
    fails({"--check-config", "--exec", "--", "no-such-command"}, 4, "command 'no-such-command' was not found in PATH");
    fails({"--exec", "--", "./plain"}, 4, "command './plain' is not executable");
    fails({"--exec", "demo", "--", "true"}, 2, "exec: 'true' contradicts the application 'demo': there can be one");
    fails({"--exec", "--exec-ready", "port", "--", "true"}, 2, "exec-ready port needs an exec-port");
    fails({"--exec", "--preload", "--", "true"}, 2, "exec: 'true' contradicts preload");
    fails({"--exec", "--", "sh", "-c", "exit 7"}, 3, "'sh' exited with code 7 before it was ready");
}

}  // namespace
}  // namespace girin::test
