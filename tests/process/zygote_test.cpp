// --preload: each generation's application is loaded once, by a process that is neither the master nor a worker, and that
// workers are forked from. What becomes of it, and of them, when it fails, dies or is no longer needed.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "tests/load/report.hpp"
#include "tests/process/masters.hpp"
#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
using load::LoadThread;
namespace fs = std::filesystem;

std::vector<pid_t> zygotes_of(pid_t master) {
    std::vector<pid_t> pids = children_of(master);
    std::erase_if(pids, [](pid_t child) { return !is_running(child) || !title_of(child).starts_with("girin: zygote"); });
    return pids;
}

/// Of "loaded by pid 12 of user 0, …".
pid_t number_after(const std::string& text, const std::string& words) {
    const auto at = text.find(words);
    return at == std::string::npos ? -1 : static_cast<pid_t>(std::stol(text.substr(at + words.size())));
}

class Zygote : public testing::Test {
  protected:
    GirinCommand command(std::vector<std::string> more = {}, std::size_t workers = 2) {
        std::vector<std::string> args = {"-w", std::to_string(workers), "-b", "127.0.0.1:0", "--preload", "--soak", "0.1"};
        args.insert(args.end(), more.begin(), more.end());
        args.push_back(app("loading"));
        GirinCommand command(args, workers);
        command.environment = {{"GIRIN_TEST_LOAD_FILE", dir_ / "load"}};
        return command;
    }
    static std::string answer(const GirinProcess& girin) { return get(girin.endpoint(), "/").body; }
    void expect_refusal(const std::string& load, int code, const std::string& part, std::vector<std::string> more = {}) {
        dir_.write("load", load + "\n");
        GirinCommand refused = command(std::move(more));
        const Finished end = run_girin(dir_, refused.args, refused.environment);
        EXPECT_EQ(end.status, (ExitStatus{code, 0})) << load << ": " << end.error;
        EXPECT_NE(end.error.find(part), std::string::npos) << load << ": " << end.error;
    }

    const TempDir dir_;
};

TEST_F(Zygote, LoadsTheApplicationOnceForAllWorkers) {
    GirinProcess girin(dir_, command({}, 3));
    const std::vector<pid_t> zygotes = zygotes_of(girin.pid());
    ASSERT_EQ(zygotes.size(), 1U) << girin.log();
    EXPECT_EQ(thread_count(zygotes.at(0)), 1U);
    const std::vector<pid_t> workers = girin.workers();
    ASSERT_EQ(workers.size(), 3U) << girin.log();
    std::set<pid_t> seen;
    ASSERT_TRUE(eventually(10s, "an answer of each worker", [&] {
        const std::string text = answer(girin);
        EXPECT_EQ(number_after(text, "loaded by pid "), zygotes.at(0)) << text;
        seen.insert(number_after(text, "served by "));
        return seen.size() == 3;
    }));
    EXPECT_EQ(std::set<pid_t>(workers.begin(), workers.end()), seen) << "each is the master's child";
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    EXPECT_FALSE(is_running(zygotes.at(0)));
}

TEST_F(Zygote, IsNoneWithoutPreload) {
    GirinCommand plain = command({"--no-preload"}, 1);
    GirinProcess girin(dir_, plain);
    EXPECT_TRUE(zygotes_of(girin.pid()).empty());
    EXPECT_EQ(number_after(answer(girin), "loaded by pid "), girin.workers().at(0));
}

TEST_F(Zygote, KeepsUsersCodeOutOfTheMaster) {
    GirinProcess girin(dir_, command());
    EXPECT_EQ(read_file("/proc/" + std::to_string(girin.pid()) + "/maps").find("loading.so"), std::string::npos);
    EXPECT_NE(read_file("/proc/" + std::to_string(girin.workers().at(0)) + "/maps").find("loading.so"), std::string::npos);
}

TEST_F(Zygote, IsTheWorkersUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become others";
    fs::permissions(dir_.path(), fs::perms::all);
    GirinProcess girin(dir_, command({"--user", "nobody"}));
    EXPECT_EQ(number_after(answer(girin), " of user "), 65534) << answer(girin);
}

TEST_F(Zygote, BringsNewCodeWithAReload) {
    const std::string library = dir_ / "shop.so";
    fs::copy_file(app("version1"), library);
    GirinCommand shop({"-w", "2", "-b", "127.0.0.1:0", "--preload", "--soak", "0.1", "--roll-back-window", "0", library}, 2);
    GirinProcess girin(dir_, shop);
    EXPECT_EQ(answer(girin), "v1");
    const pid_t former = zygotes_of(girin.pid()).at(0);
    LoadThread load(load_on(girin.endpoint()));
    const std::vector<pid_t> workers = girin.workers();
    fs::copy_file(app("version2"), library, fs::copy_options::overwrite_existing);
    girin.hup();
    ASSERT_TRUE(girin.workers_become(2, workers)) << girin.log();
    EXPECT_EQ(answer(girin), "v2");
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
    EXPECT_TRUE(eventually(10s, "the end of the former zygote", [&] { return !is_running(former); })) << girin.log();
    EXPECT_EQ(zygotes_of(girin.pid()).size(), 1U);
}

TEST_F(Zygote, IsGoneBackToWithItsGeneration) {
    const std::string library = dir_ / "shop.so";
    fs::copy_file(app("version1"), library);
    GirinCommand shop({"-w", "2", "-b", "127.0.0.1:0", "--preload", "--soak", "0.1", library}, 2);
    shop.environment = {{"GIRIN_TEST_FAIL_FILE", dir_ / "fail"}};
    GirinProcess girin(dir_, shop);
    const pid_t first = zygotes_of(girin.pid()).at(0);
    fs::copy_file(app("fails_later"), library, fs::copy_options::overwrite_existing);
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("generation 2 serves")) << girin.log();
    dir_.write("fail", "now");
    ASSERT_TRUE(girin.wait_for_log("generation 3 serves, as generation 1 did", 30s)) << girin.log();
    EXPECT_TRUE(eventually(10s, "one zygote, the first", [&] {
        return zygotes_of(girin.pid()) == std::vector<pid_t>{first};
    })) << girin.log();
}

TEST_F(Zygote, ThatCannotLoadEndsAFirstStartWithItsReason) {
    expect_refusal("throw", 3, "its load() failed: the model is missing");
    expect_refusal("crash", 3, "the zygote crashed: SIGSEGV");
    expect_refusal("exit", 3, "the zygote exited with code 9, while it loaded the application");
    expect_refusal("thread", 4, "can't be preloaded, because it starts threads (1) while it is loaded");
    expect_refusal("hang", 3, "was not spawned within 1 s", {"--boot-timeout", "1"});
}

TEST_F(Zygote, ThatCannotLoadRollsAReloadBack) {
    GirinProcess girin(dir_, command({"--boot-timeout", "2"}));
    const std::vector<pid_t> workers = girin.workers();
    for (const auto& [load, part] : {std::pair("throw", "its load() failed: the model is missing"),
                                     std::pair("crash", "the zygote crashed: SIGSEGV"),
                                     std::pair("hang", "was not spawned within 2 s")}) {
        dir_.write("load", load);
        const std::size_t from = girin.mark();
        girin.hup();
        const auto failed = girin.wait_for_log("generation 1 serves on: ", 20s, from);
        ASSERT_TRUE(failed) << girin.log();
        EXPECT_NE(failed->find(part), std::string::npos) << *failed;
    }
    EXPECT_EQ(girin.workers(), workers);
    EXPECT_TRUE(eventually(5s, "one zygote", [&] { return zygotes_of(girin.pid()).size() == 1; })) << girin.log();
}

TEST_F(Zygote, ThatIsKilledTouchesNoWorkerAndComesAgain) {
    GirinProcess girin(dir_, command());
    const std::vector<pid_t> workers = girin.workers();
    const pid_t zygote = zygotes_of(girin.pid()).at(0);
    ::kill(zygote, SIGKILL);
    ASSERT_TRUE(girin.wait_for_log("was killed by SIGKILL from outside. Workers go on")) << girin.log();
    EXPECT_EQ(girin.workers(), workers);
    EXPECT_TRUE(answers(girin.endpoint()));
    EXPECT_TRUE(zygotes_of(girin.pid()).empty());
    ::kill(workers.at(0), SIGKILL);
    ASSERT_TRUE(girin.workers_become(2, {workers.at(0)})) << girin.log();
    EXPECT_EQ(zygotes_of(girin.pid()).size(), 1U);
}

TEST_F(Zygote, ThatCrashesWhileItForksFailsThatWorkerOnly) {
    GirinProcess girin(dir_, command());
    dir_.write("load", "crash-in-fork");
    ::kill(zygotes_of(girin.pid()).at(0), SIGKILL);
    ASSERT_TRUE(girin.wait_for_log("Workers go on")) << girin.log();
    const std::vector<pid_t> workers = girin.workers();
    ::kill(workers.at(0), SIGKILL);
    ASSERT_TRUE(girin.wait_for_log("could not be spawned: its zygote crashed: SIGSEGV")) << girin.log();
    EXPECT_TRUE(is_running(workers.at(1)));
    EXPECT_TRUE(answers(girin.endpoint()));
}

TEST_F(Zygote, LeavesTheCausesOfItsWorkersEndsExact) {
    GirinProcess girin(dir_, command({"--timeout", "1"}));
    ::kill(girin.workers().at(0), SIGKILL);
    EXPECT_TRUE(girin.wait_for_log("was killed by SIGKILL from outside")) << girin.log();
    provoke(girin.endpoint(), "/crash");
    EXPECT_TRUE(girin.wait_for_log("crashed: SIGSEGV")) << girin.log();
    HttpClient victim(girin.endpoint(), 15s);
    victim.send(format_request("GET", "/spin"));
    const auto hangs = girin.wait_for_log("hangs: ", 20s);
    ASSERT_TRUE(hangs) << girin.log();
    EXPECT_NE(hangs->find("GET /spin"), std::string::npos) << *hangs;
    EXPECT_TRUE(hangs->find("handle(") != std::string::npos || hangs->find("no stack") != std::string::npos) << *hangs;
    EXPECT_TRUE(girin.wait_for_log("was killed by us with SIGABRT", 10s)) << girin.log();
    EXPECT_TRUE(girin.workers_become(2));
    EXPECT_EQ(count_of(girin.log(), "nobody knows how"), 0U) << girin.log();
}

TEST_F(Zygote, EndsWithAKilledMasterAndSoDoItsWorkers) {
    GirinProcess girin(dir_, command({"--timeout", "0"}, 1));
    const pid_t worker = girin.workers().at(0), zygote = zygotes_of(girin.pid()).at(0);
    HttpClient victim(girin.endpoint(), 15s);
    victim.send(format_request("GET", "/spin"));
    ASSERT_TRUE(eventually(5s, "a worker that spins", [&] { return cpu_time(worker) > Duration(50ms); }));
    girin.signal(SIGKILL);
    EXPECT_TRUE(eventually(3s, "their end", [&] { return !is_running(worker) && !is_running(zygote); }));
}

TEST_F(Zygote, EndsWithAServerThatIsStoppedWhileItLoads) {
    dir_.write("load", "hang");
    GirinCommand hangs = command();
    hangs.ready_workers = 0;
    GirinProcess girin(dir_, hangs);
    ASSERT_TRUE(eventually(5s, "a zygote", [&] { return zygotes_of(girin.pid()).size() == 1; })) << girin.log();
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
}

TEST_F(Zygote, HoldsNoSocketOfTheServers) {
    GirinProcess girin(dir_, command());
    const std::vector<std::string> targets = fd_targets(zygotes_of(girin.pid()).at(0));
    const auto is_socket = [](const std::string& target) { return target.starts_with("socket:"); };
    EXPECT_EQ(std::ranges::count_if(targets, is_socket), 1) << "the master's channel";
}

TEST_F(Zygote, StandsInTheStatus) {
    GirinProcess girin(dir_, command({"--control-socket", "control"}, 1));
    const Finished status = run_girin(dir_, {"status", "--control-socket", dir_ / "control"});
    EXPECT_NE(status.output.find("Zygote of generation 1: pid " + std::to_string(zygotes_of(girin.pid()).at(0)) + ", idle"),
              std::string::npos)
        << status.output << status.error;
}

TEST_F(Zygote, LetsGoOfALogThatIsRotated) {
    GirinCommand quiet = command({"--error-logfile", dir_ / "errors", "--control-socket", "none"}, 1);
    ChildProcess girin(girin_command(quiet.args));
    const auto is_ready = [this] { return fs::exists(dir_ / "errors") && count_of(read_file(dir_ / "errors"), "is ready") == 1; };
    ASSERT_TRUE(eventually(15s, "a worker", is_ready));
    for (const std::string& target : fd_targets(zygotes_of(girin.pid()).at(0))) {
        EXPECT_EQ(target.find("errors"), std::string::npos) << target;
    }
}

TEST_F(Zygote, GivesItsWorkersLanes) {
    GirinProcess girin(dir_, command({"--reuse-port", "--affinity", "auto"}, 2));
    LoadThread load(load_on(girin.endpoint()));
    const std::vector<pid_t> workers = girin.workers();
    girin.hup();
    ASSERT_TRUE(girin.workers_become(2, workers)) << girin.log();
    girin.ttin();
    ASSERT_TRUE(girin.workers_become(3)) << girin.log();
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
}

TEST_F(Zygote, IsNewWithANewBinary) {
    GirinCommand shop({"-w", "2", "--preload", "--soak", "0.1", "-b", "127.0.0.1:0", app("loading")}, 2);
    Masters masters(dir_, shop);
    const pid_t former = zygotes_of(masters.pid()).at(0);
    LoadThread load(load_on(masters.endpoint()));
    ASSERT_TRUE(masters.upgrade());
    EXPECT_TRUE(eventually(10s, "a zygote of its own", [&] { return zygotes_of(masters.pid()).size() == 1; })) << masters.log();
    EXPECT_FALSE(is_running(former));
    EXPECT_TRUE(nothing_lost(load.finish())) << masters.log();
}

}  // namespace
}  // namespace girin::test
