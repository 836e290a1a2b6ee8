// What signals do to the real girin. Stopping: stopping_test.cpp. New code: application_test.cpp.

#include <signal.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/load/report.hpp"
#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Signals : public testing::Test {
  protected:
    const TempDir dir_;
};

TEST_F(Signals, HupTakesNewSettings) {
    const std::string start = "application = demo\nbind = 127.0.0.1:0\nsoak = 0\n";
    dir_.write("girin.conf", start + "workers = 1\n");
    GirinProcess girin(dir_, GirinCommand(std::vector<std::string>{}));
    const std::vector<pid_t> before = girin.workers();
    dir_.write("girin.conf", start + "workers = 3\nlimit_request_fields = 3\nbind = unix:s\n");
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("generation 2 serves")) << girin.log();
    EXPECT_TRUE(girin.workers_become(3, before));
    const Fields many = {{"A", "1"}, {"B", "2"}, {"C", "3"}, {"D", "4"}};
    for (const Endpoint& endpoint : {girin.endpoint(), Endpoint::unix_socket(dir_ / "s")}) {
        EXPECT_EQ(get(endpoint, "/").status, 200);
        EXPECT_EQ(get(endpoint, "/", many).status, 431);
    }
}

TEST_F(Signals, HupWithBadSettingsChangesNothing) {
    const std::string good = "application = demo\nbind = 127.0.0.1:0\nworkers = 2\n";
    dir_.write("girin.conf", good);
    GirinProcess girin(dir_, GirinCommand(std::vector<std::string>{}, 2));
    const std::vector<pid_t> before = girin.workers();
    const std::pair<const char*, const char*> bad[] = {{"workrs = 3\n", "girin.conf:4"},
                                                       {"keep_alive = soon\n", "girin.conf:4"},
                                                       {"bind = unix:/nowhere/s\n", "bind unix:/nowhere/s"}};
    for (const auto& [line, reason] : bad) {
        dir_.write("girin.conf", good + line);
        const std::size_t mark = girin.mark();
        girin.hup();
        const auto told = girin.wait_for_log("generation 1 serves on", 10s, mark);
        ASSERT_TRUE(told) << girin.log();
        EXPECT_NE(told->find(reason), std::string::npos) << *told;
        EXPECT_EQ(girin.workers(), before);
        EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    }
}

TEST_F(Signals, HupTakesAnotherLogOrKeepsTheOld) {
    const std::string good = "application = demo\nbind = 127.0.0.1:0\nsoak = 0\nworkers = 1\n";
    dir_.write("girin.conf", good);
    GirinProcess girin(dir_, GirinCommand(std::vector<std::string>{}));
    dir_.write("girin.conf", good + "error_logfile = /nowhere/log\n");
    girin.hup();
    const auto told = girin.wait_for_log("generation 1 serves on");
    ASSERT_TRUE(told) << girin.log();
    EXPECT_NE(told->find("/nowhere/log: no such file or directory"), std::string::npos) << *told;
    const std::string other = dir_.write("other.log", "");
    dir_.write("girin.conf", good + "error_logfile = " + other + "\nlog_format = json\n");
    girin.hup();
    const auto in_other = [&](std::string_view part) {
        return eventually(10s, part, [&] { return read_file(other).find(part) != std::string::npos; });
    };
    EXPECT_TRUE(in_other("generation 3 serves")) << girin.log();
    EXPECT_TRUE(in_other("\"level\":\"info\"")) << read_file(other);
    const std::size_t before = girin.mark();
    girin.ttin();
    EXPECT_TRUE(in_other("Received SIGTTIN")) << read_file(other);
    EXPECT_EQ(girin.mark(), before) << "the former log gets no more";
}

TEST_F(Signals, HupStormsCoalesce) {
    GirinProcess girin(dir_, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--soak", "0.2", "demo"}, 2));
    load::LoadThread load(load_on(girin.endpoint()));
    const auto start = Clock::now();
    for (int i = 0; i < 30; ++i) {
        girin.hup();
        wait_until(33ms, [] { return false; });  // a storm's pace is its nature
    }
    const auto settled = [&] { return count_of(girin.log(), "Received SIGHUP") > 0 && girin.workers().size() == 2; };
    EXPECT_TRUE(girin.wait_for_log("generation 2 serves"));
    EXPECT_TRUE(eventually(20s, "the storm's end", settled)) << girin.log();
    // One at a time, each with its soak of 0.2 s, and two workers each: however slow the machine, no more than that.
    const auto reloads = static_cast<std::size_t>((Clock::now() - start) / 200ms) + 2;
    EXPECT_LE(count_of(girin.log(), "starts, generation"), 2U + 2 * reloads) << "30 reloads were not done one by one";
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
}

TEST_F(Signals, HupsDuringAReloadAreOne) {
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--soak", "2", "demo"}));
    for (std::size_t heard = 1; heard <= 6; ++heard) {
        girin.hup();
        ASSERT_TRUE(eventually(10s, "a HUP that is heard", [&] { return count_of(girin.log(), "Received SIGHUP") >= heard; }));
    }
    ASSERT_EQ(girin.log().find("generation 2 serves"), std::string::npos) << "too slow a machine for this test";
    ASSERT_TRUE(girin.wait_for_log("generation 3 serves", 30s)) << girin.log();
    girin.ttin();  // would come behind the begin of another one
    ASSERT_TRUE(girin.wait_for_log("Received SIGTTIN")) << girin.log();
    EXPECT_EQ(girin.log().find("generation 4 begins"), std::string::npos) << girin.log();
}

TEST_F(Signals, TtinAndTtouChangeTheNumberDownToOne) {
    GirinProcess girin(dir_, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "demo"}));
    girin.ttin();
    ASSERT_TRUE(girin.workers_become(2));
    girin.ttou();
    ASSERT_TRUE(girin.workers_become(1));
    const std::size_t mark = girin.mark();
    girin.ttou();
    ASSERT_TRUE(girin.wait_for_log("SIGTTOU", 10s, mark));
    EXPECT_TRUE(girin.wait_for_log("the number of workers stays 1; it may be 1 to ", 10s, mark)) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200) << "the last one stays";
    EXPECT_TRUE(girin.workers_become(1));
}

TEST_F(Signals, Usr1OpensRotatedLogsAnew) {
    const std::string error_log = dir_ / "error.log", access_log = dir_ / "access.log";
    ChildProcess girin(girin_command({"-w", "2", "-b", "unix:" + (dir_ / "s"), "--error-logfile", error_log,
                                      "--access-logfile", access_log, "demo"}));
    const auto has = [](const std::string& file, std::string_view part) {
        return fs::exists(file) && read_file(file).find(part) != std::string::npos;
    };
    const auto both_ready = [&] { return fs::exists(error_log) && count_of(read_file(error_log), "is ready") == 2; };
    ASSERT_TRUE(eventually(10s, "two workers", both_ready));
    get(Endpoint::unix_socket(dir_ / "s"), "/info?before");
    ASSERT_TRUE(eventually(5s, "its line", [&] { return has(access_log, "/info?before"); }));
    fs::rename(error_log, error_log + ".1");
    fs::rename(access_log, access_log + ".1");
    girin.signal(SIGUSR1);
    ASSERT_TRUE(eventually(5s, "new files", [&] { return fs::exists(error_log) && fs::exists(access_log); }));
    // FAULTS 43: the new file began with nothing, and its line was in the old one.
    EXPECT_TRUE(eventually(5s, "a first line", [&] { return has(error_log, "Logs are opened anew"); }));
    // Each worker gets a request; which one answers is the kernel's choice.
    const auto written_anew = [&] {
        get(Endpoint::unix_socket(dir_ / "s"), "/info?after");
        const auto pids = children_of(girin.pid());
        return count_of(read_file(access_log), "/info?after") > 20 && pids.size() == 2;
    };
    EXPECT_TRUE(eventually(5s, "lines in the new file", written_anew));
    EXPECT_FALSE(has(access_log + ".1", "/info?after")) << "a worker still writes to the old file";
    girin.signal(SIGTERM);
    EXPECT_EQ(girin.wait_exit(10s), (ExitStatus{0, 0}));
    EXPECT_TRUE(has(error_log, "Received SIGTERM"));
    EXPECT_FALSE(has(error_log + ".1", "Received SIGTERM"));
}

TEST_F(Signals, KilledWorkersAreReplacedAndTheCauseIsTold) {
    GirinProcess girin(dir_, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "demo"}, 2));
    const std::pair<int, const char*> ends[] = {{SIGKILL, "was killed by SIGKILL from outside"},
                                                {SIGSEGV, "SIGSEGV"}};
    for (const auto& [number, cause] : ends) {
        const pid_t victim = girin.workers().at(0);
        const std::size_t mark = girin.mark();
        ::kill(victim, number);
        const auto line = girin.wait_for_log("(pid " + std::to_string(victim) + ") ", 10s, mark);
        ASSERT_TRUE(line) << girin.log();
        EXPECT_NE(line->find(cause), std::string::npos) << *line;
        EXPECT_TRUE(girin.workers_become(2, {victim}));
        EXPECT_TRUE(girin.becomes_ready(1, mark));
    }
}

/// As `kill PID_OF_A_WORKER` by hand: another comes, then it ends well. The only one as well. With a lane of its own,
/// newcomers are steered away from it first: else they would hold it up for five seconds, and the last be lost.
TEST_F(Signals, ToAWorkerAloneReplaceIt) {
    for (const char* sharing : {"--no-reuse-port", "--reuse-port"}) {
        const TempDir dir;
        GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", sharing, "demo"}));
        load::LoadThread load(load_on(girin.endpoint()));
        const pid_t worker = girin.workers().at(0);
        ::kill(worker, SIGTERM);
        ASSERT_TRUE(girin.wait_for_log("asks to be replaced: SIGTERM from outside")) << girin.log();
        EXPECT_TRUE(girin.workers_become(1, {worker}, sharing == std::string("--reuse-port") ? 3s : 10s)) << girin.log();
        EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
        EXPECT_EQ(count_of(girin.log(), "[ERROR]"), 0U) << girin.log();
    }
}

/// As systemd does it with KillMode=control-group, and `pkill girin`: workers hear it before their master.
TEST_F(Signals, ToAllStopTheServerWithoutLoss) {
    GirinProcess girin(dir_, GirinCommand({"-w", "2", "-b", "unix:" + (dir_ / "s"), "demo"}, 2));
    load::LoadThread load(load_on(girin.endpoint(), "/sleep/5"));
    ASSERT_TRUE(eventually(10s, "some load", [&] { return load.totals().ok() > 100; }));
    for (const pid_t worker : girin.workers()) ::kill(worker, SIGTERM);
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    const load::LoadTotals totals = load.finish();
    EXPECT_EQ(totals.losses(), totals.count(load::Outcome::refused)) << load::to_table(totals) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "[ERROR]"), 0U) << girin.log();
}

TEST_F(Signals, FromATerminalReachAllAndStopItOnce) {
    GirinProcess girin(dir_, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "demo"}, 2));
    for (const pid_t worker : girin.workers()) ::kill(worker, SIGINT);
    girin.interrupt();
    EXPECT_EQ(girin.child().wait_exit(10s), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "[ERROR]"), 0U) << girin.log();
}

}  // namespace
}  // namespace girin::test
