// How the master keeps its workers, and itself, as an operator sees it: places that fail, deaths by the dozen, orphans,
// workers that don't listen, rights that are given up, a pidfile that is somebody else's. Each of these is a promise that
// tests/unplug switches off.

#include <signal.h>
#include <unistd.h>

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

/// Workers that start well, until the file says how new ones misbehave.
class FailingPlaces : public testing::Test {
  protected:
    GirinCommand command(std::size_t workers, std::vector<std::string> args = {}) const {
        args.insert(args.begin(), {"-w", std::to_string(workers), "-b", "127.0.0.1:0"});
        args.push_back(app("misbehaving"));
        GirinCommand made(std::move(args), workers);
        made.environment = {{"GIRIN_TEST_STARTUP_FILE", dir_ / "startup"}};
        return made;
    }
    void fail_from_now_on(const std::string& how) const { dir_.write("startup", how); }

    const TempDir dir_;
};

std::size_t starts_in(const std::string& log) { return count_of(log, " starts, generation "); }

TEST_F(FailingPlaces, AreTriedEverMoreSeldom) {
    GirinProcess girin(dir_, command(1));
    fail_from_now_on("exit");
    ::kill(girin.workers().at(0), SIGKILL);
    ASSERT_TRUE(girin.wait_for_log("failed 4 times in a row", 15s)) << girin.log();
    // The first failure is answered at once; then come half a second, one, and two, less a quarter.
    const std::string log = girin.log();
    std::vector<std::string> delays;
    const std::regex line(R"(failed (\d) times in a row; tried again in ([^\n]+))");
    for (std::sregex_iterator match(log.begin(), log.end(), line), end; match != end; ++match) delays.push_back((*match)[2]);
    ASSERT_EQ(delays.size(), 3U) << log;
    EXPECT_TRUE(delays[0].ends_with(" ms")) << delays[0];
    EXPECT_TRUE(delays[2].ends_with(" s") && delays[2] >= "1.5") << delays[2];
    EXPECT_EQ(starts_in(log), 4U) << log;
}

TEST_F(FailingPlaces, AreTriedOneAtATime) {
    GirinProcess girin(dir_, command(4, {"--boot-timeout", "0.3"}));
    fail_from_now_on("hang");
    for (const pid_t worker : girin.workers()) ::kill(worker, SIGKILL);
    ASSERT_TRUE(girin.wait_for_log("failed 2 times in a row", 15s)) << girin.log();
    const auto four_failed = [&] { return count_of(girin.log(), "failed 2 times in a row") == 4; };
    ASSERT_TRUE(eventually(15s, "four places to fail", four_failed)) << girin.log();
    const std::size_t mark = girin.log().rfind("failed 2 times in a row");
    ASSERT_TRUE(eventually(30s, "four probes", [&] { return starts_in(girin.log().substr(mark)) >= 4; })) << girin.log();
    // Each probe has until its --boot-timeout; nobody else starts meanwhile.
    const std::string log = girin.log().substr(mark);
    const std::regex line(" starts, generation |did not become ready within 300 ms\n");
    int starting = 0;
    for (std::sregex_iterator match(log.begin(), log.end(), line), end; match != end; ++match) {
        starting += match->str().starts_with(" starts") ? 1 : -1;
        EXPECT_LE(starting, 1) << log;
    }
}

TEST(DeathsByTheDozen, AreAnsweredTwentyAtOnceAndFiveASecond) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "30", "-b", "127.0.0.1:0", "demo"}, 30));
    const std::vector<pid_t> first = girin.workers();
    const auto start = Clock::now();
    for (const pid_t worker : first) ::kill(worker, SIGKILL);
    ASSERT_TRUE(girin.workers_become(30, first, 30s)) << girin.log();
    EXPECT_GT(Clock::now() - start, 1500ms) << "ten of thirty wait for a token each";
}

TEST(Orphans, AreReapedByAMasterThatTheyComeTo) {
    const TempDir dir;
    GirinCommand command({"subreaper", "--", girin_binary(), "-w", "1", "-b", "127.0.0.1:0", app("misbehaving")});
    command.program = fs::path(app("minimal")).replace_filename("bad_start");
    GirinProcess girin(dir, command);
    EXPECT_EQ(get(girin.endpoint(), "/orphans/3").status, 200);
    ASSERT_EQ(children_of(girin.pid()).size(), 4U) << "the worker, and its grandchildren";
    EXPECT_TRUE(girin.workers_become(1)) << "and no zombie";
}

std::string status_of(pid_t pid) { return read_file("/proc/" + std::to_string(pid) + "/status"); }

TEST(Rights, AreGoneForGoodWhereThatIsAskedFor) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--no-new-privs", "--drop-capabilities", "demo"}));
    const std::string status = status_of(girin.workers().at(0));
    EXPECT_NE(status.find("NoNewPrivs:\t1"), std::string::npos) << status;
    for (const char* const set : {"CapEff", "CapPrm", "CapInh", "CapAmb"}) {
        EXPECT_NE(status.find(std::string(set) + ":\t0000000000000000"), std::string::npos) << status;
    }
}

TEST(StubbornWorker, EndsByTermThenKill) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--timeout", "0", "--graceful-timeout", "0.2",
                                          app("misbehaving")}));
    provoke(girin.endpoint(), "/spin/1");
    HttpClient victim(girin.endpoint(), 15s);
    victim.send(format_request("GET", "/spin"));
    ASSERT_TRUE(eventually(5s, "a worker that spins", [&] { return cpu_time(girin.workers().at(0)) > Duration(50ms); }));
    const auto start = Clock::now();
    EXPECT_EQ(girin.stop(15s), (ExitStatus{0, 0})) << girin.log();
    EXPECT_LT(Clock::now() - start, 8s) << girin.log();
    EXPECT_NE(girin.log().find("was killed by us with SIGKILL"), std::string::npos) << girin.log();
}

TEST(KilledMaster, TakesAWorkerAlongThatHangs) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--timeout", "0", app("misbehaving")}));
    const pid_t worker = girin.workers().at(0);
    HttpClient victim(girin.endpoint(), 15s);
    victim.send(format_request("GET", "/spin"));
    ASSERT_TRUE(eventually(5s, "a worker that spins", [&] { return cpu_time(worker) > Duration(50ms); }));
    girin.signal(SIGKILL);
    EXPECT_TRUE(eventually(3s, "the worker's end", [&] { return !is_running(worker); }));
}

TEST(PidfileOfAStranger, IsNeitherFollowedNorRemoved) {
    const TempDir dir;
    const std::string victim = dir.write("victim", "precious\n");
    fs::create_symlink(victim, dir / "link");
    const Finished refused = run_girin(dir, {"-w", "1", "-b", "127.0.0.1:0", "-p", dir / "link", "demo"});
    EXPECT_EQ(refused.status, (ExitStatus{1, 0})) << refused.error;
    EXPECT_EQ(read_file(victim), "precious\n");
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "-p", dir / "pid", "demo"}));
    fs::remove(dir / "pid");
    dir.write("pid", "1\n");
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_EQ(read_file(dir / "pid"), "1\n");
}

}  // namespace
}  // namespace girin::test
