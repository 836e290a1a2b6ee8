// How girin starts: where it listens, where its settings come from, what it makes of the process. Not here: what it
// refuses to start with (faults_test.cpp); daemon, title and user are in tests/supervisor/shell/program_test.cpp.

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

bool has_ipv6() {
    Endpoint loopback = Endpoint::tcp("::1", 0);
    return listen_on(loopback).has_value();
}

TEST(Start, TellsTheRealPortAndTheMastersPid) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "demo"}));
    EXPECT_NE(girin.endpoint().port, 0);
    EXPECT_TRUE(girin.wait_for_log("Listening at: " + ("http://" + girin.endpoint().to_text()) + " (" +
                                   std::to_string(girin.pid()) + ")"))
        << girin.log();
}

TEST(Start, ListensOnEveryAddressItIsGiven) {
    const TempDir dir;
    std::vector<std::string> args = {"-w", "2", "-b", "127.0.0.1:0", "-b", "unix:" + (dir / "s"), "-b", "127.0.0.1:0"};
    if (has_ipv6()) args.insert(args.end(), {"-b", "[::1]:0"});
    args.push_back("demo");
    GirinProcess girin(dir, GirinCommand(args, 2));
    ASSERT_EQ(girin.endpoints().size(), has_ipv6() ? 4U : 3U);
    for (const Endpoint& endpoint : girin.endpoints()) {
        EXPECT_EQ(get(endpoint, "/").body, "Hello, World!") << endpoint.to_text();
    }
}

TEST(Start, TakesAnInheritedSocketAndLeavesItListening) {
    const TempDir dir;
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    const auto ours = listen_on(endpoint);
    ASSERT_TRUE(ours);
    GirinCommand command({"-w", "2", "-b", "fd://7", "demo"}, 2);
    command.inherit = {{ours->get(), 7}};
    {
        GirinProcess girin(dir, command);
        EXPECT_EQ(girin.endpoint(), endpoint);
        EXPECT_EQ(get(endpoint, "/").status, 200);
        EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
    }
    HttpClient waiting(endpoint);  // in the queue, which is still ours
    waiting.send(format_request("GET", "/"));
    GirinProcess next(dir, command);
    EXPECT_EQ(waiting.read_final_response().status, 200);
}

TEST(Start, HasAWorkerForEachUsableCore) {
    const TempDir dir;
    cpu_set_t one;
    CPU_ZERO(&one);
    cpu_set_t all;
    ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
        if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
    }
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    GirinProcess girin(dir, GirinCommand({"-b", "127.0.0.1:0", "demo"}));
    ::sched_setaffinity(0, sizeof all, &all);
    EXPECT_TRUE(girin.workers_become(1));
}

TEST(Start, TakesSettingsFromFileEnvironmentAndCommandLine) {
    const TempDir dir;
    const std::string file = dir.write("shop.conf", R"(# the shop
application = demo
bind = 127.0.0.1:0
keep_alive = 5s
limit_request_fields = 50
workers = 4
)");
    GirinCommand command({"-c", file, "-w", "1", "-p", dir / "pid"});
    command.environment = {{"GIRIN_WORKERS", "3"}, {"GIRIN_LIMIT_REQUEST_FIELDS", "3"}};
    GirinProcess girin(dir, command);
    EXPECT_TRUE(girin.workers_become(1)) << "the command line comes first";
    const Fields many = {{"A", "1"}, {"B", "2"}, {"C", "3"}, {"D", "4"}};
    EXPECT_EQ(get(girin.endpoint(), "/", many).status, 431) << "then the environment";
    const Finished printed = run_girin(dir, {"-c", file, "-w", "1", "--print-config"}, command.environment);
    for (const char* line : {"workers = 1 ", "# command line", "limit_request_fields = 3 ",
                             "# environment GIRIN_LIMIT_REQUEST_FIELDS", "keep_alive = 5s "}) {
        EXPECT_NE(printed.output.find(line), std::string::npos) << line << " in\n" << printed.output;
    }
}

TEST(Start, TakesTheFileOfItsDirectory) {
    const TempDir dir;
    dir.write("girin.conf", "workers = 2\nbind = 127.0.0.1:0\napplication = demo\n");
    GirinProcess girin(dir, GirinCommand(std::vector<std::string>{}, 2));
    EXPECT_EQ(girin.workers().size(), 2U);
}

TEST(Start, KnowsWebConcurrencyAndPort) {
    const TempDir dir;
    const std::map<std::string, std::string> platform = {{"WEB_CONCURRENCY", "3"}, {"PORT", "5123"}};
    const Finished printed = run_girin(dir, {"--print-config", "demo"}, platform);
    EXPECT_NE(printed.output.find("workers = 3 "), std::string::npos) << printed.output;
    EXPECT_NE(printed.output.find("bind = 0.0.0.0:5123 "), std::string::npos) << printed.output;
    GirinCommand command({"-b", "127.0.0.1:0", "demo"}, 3);
    command.environment = {{"WEB_CONCURRENCY", "3"}};
    GirinProcess girin(dir, command);
    EXPECT_EQ(girin.workers().size(), 3U);
}

TEST(Start, ServesTheApplicationThatIsNamed) {
    for (const char* const name : {"shop", "admin"}) {
        const TempDir dir;
        GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", app("two_names") + ":" + name}));
        EXPECT_EQ(get(girin.endpoint(), "/").body, name);
    }
}

TEST(Start, AnswersQuestionsWithoutStarting) {
    const TempDir dir;
    const std::vector<std::string> start = {"-b", "unix:" + (dir / "s"), "-p", dir / "pid", "demo"};
    const std::pair<const char*, const char*> questions[] = {{"--help", "Usage: girin"},
                                                             {"--version", "girin "},
                                                             {"--check-config", "The settings are fine."},
                                                             {"--print-config", "application = demo"}};
    for (const auto& [question, answer] : questions) {
        std::vector<std::string> args = start;
        args.emplace_back(question);
        const Finished finished = run_girin(dir, args);
        EXPECT_EQ(finished.status, (ExitStatus{0, 0})) << finished.error;
        EXPECT_NE(finished.output.find(answer), std::string::npos) << finished.output;
        EXPECT_EQ(finished.error, "");
    }
    EXPECT_FALSE(fs::exists(dir / "s"));
    EXPECT_FALSE(fs::exists(dir / "pid"));
}

TEST(Start, IsTriedByCheckStartBesideAServerThatRuns) {
    const TempDir dir;
    const std::string socket = "unix:" + (dir / "s");
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "-b", socket, "--admin-bind", "127.0.0.1:0",
                                          app("misbehaving")}));
    const std::string taken = girin.endpoint().to_text(), admin = admin_of(girin).to_text();
    const Finished fine = run_girin(dir, {"--check-start", "-w", "8", "-b", taken, "-b", socket, "-p", dir / "pid",
                                          "--admin-bind", admin, "--control-socket", dir / "control",
                                          "--on-ready", "touch " + (dir / "hooked"), app("misbehaving")});
    EXPECT_EQ(fine.status, (ExitStatus{0, 0})) << fine.error;
    EXPECT_NE(fine.output.find(taken + " is in use, so it could not be tried.\n"), std::string::npos) << fine.output;
    EXPECT_NE(fine.output.find(socket + " is in use"), std::string::npos) << fine.output;
    EXPECT_NE(fine.output.find(admin + " is in use"), std::string::npos) << fine.output;
    EXPECT_NE(fine.output.find("a worker became ready"), std::string::npos) << fine.output;
    EXPECT_FALSE(fs::exists(dir / "pid") || fs::exists(dir / "hooked") || fs::exists(dir / "control"));
    EXPECT_EQ(get(girin.endpoint(), "/").body, "ok");
    EXPECT_EQ(get(Endpoint::unix_socket(dir / "s"), "/").body, "ok") << "its file is still there";
}

TEST(Start, IsRefusedByCheckStartForWhatOnlyAStartShows) {
    const TempDir dir;
    const std::string application = app("misbehaving");
    const auto fails = [&](std::vector<std::string> args, int code, const std::string& why,
                           const std::map<std::string, std::string>& environment = {}) {
        args.insert(args.begin(), "--check-start");
        const Finished finished = run_girin(dir, args, environment);
        EXPECT_EQ(finished.status, (ExitStatus{code, 0})) << finished.error;
        EXPECT_NE(finished.error.find(why), std::string::npos) << finished.error;
    };
    fails({application}, 3, "start-up failed", {{"GIRIN_TEST_STARTUP", "throw"}});
    fails({"-b", "203.0.113.7:80", application}, 1, "bind 203.0.113.7:80: cannot assign requested address");
    // FAULTS 7: only --bind was tried, and a start that fails for its --admin-bind was said to be fine.
    fails({"-b", "127.0.0.1:0", "--admin-bind", "203.0.113.7:99", application}, 1,
          "admin-bind: bind 203.0.113.7:99: cannot assign requested address");
    fails({"--error-logfile", dir / "no/such", application}, 1, "open log file " + (dir / "no/such"));
    fails({"--access-logfile", dir / "no/such", application}, 1, "open log file " + (dir / "no/such"));
    fails({dir / "none.so"}, 4, "none.so");
}

mode_t mode_of(const std::string& path) {
    struct stat about {};
    return ::stat(path.c_str(), &about) == 0 ? about.st_mode & 0777 : 0;
}

TEST(Start, AppliesUmaskChdirAndEnvironment) {
    const TempDir dir;
    fs::create_directory(dir.path() / "there");
    const GirinCommand command({"-w", "1", "-m", "007", "--chdir", dir / "there", "-e", "GIRIN_TEST_STARTUP=tell",
                                "-b", "unix:s", "-p", "pid", app("misbehaving")});
    GirinProcess girin(dir, command);
    EXPECT_EQ(mode_of(dir / "there/s"), 0770U);
    EXPECT_TRUE(fs::exists(dir / "there/pid"));
    EXPECT_EQ(get(Endpoint::unix_socket(dir / "there/s"), "/").body, "ok");
    EXPECT_EQ(fs::read_symlink("/proc/" + std::to_string(girin.workers().at(0)) + "/cwd"), dir.path() / "there");
    EXPECT_TRUE(girin.wait_for_log("the stock file is there")) << "said because of the variable\n" << girin.log();
}

/// As an operator's shell does it: the descriptors of the master are none of the workers' business, nor is 0, 1 or 2
/// touched.
TEST(Start, LeavesWorkersNoDescriptorsOfTheMaster) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "-p", dir / "pid", "demo"}));
    for (const std::string& target : fd_targets(girin.workers().at(0))) {
        EXPECT_EQ(target.find("/pid"), std::string::npos) << target;
        EXPECT_EQ(target.find("signalfd"), std::string::npos) << target;
        EXPECT_EQ(target.find("pidfd"), std::string::npos) << target;
    }
}

TEST(Start, ServesSynchronousApplicationsWithoutBlocking) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "--threads", "4", "-b", "127.0.0.1:0", app("synchronous")}));
    HttpClient slow(girin.endpoint(), 10s);
    slow.send(format_request("GET", "/block/2000"));
    const auto start = Clock::now();
    EXPECT_EQ(get(girin.endpoint(), "/").body, "sync");
    EXPECT_EQ(get(girin.endpoint(), "/teapot").status, 418);
    EXPECT_EQ(get(girin.endpoint(), "/throw").status, 500);
    EXPECT_LT(Clock::now() - start, 1500ms);
    EXPECT_EQ(slow.read_final_response().body, "blocked\n");
}

}  // namespace
}  // namespace girin::test
