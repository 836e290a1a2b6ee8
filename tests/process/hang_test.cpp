// Workers that hang, and workers that only look so: what the log says of each, who is ended and who isn't. Fault tests
// T2 (one is stopped), T3 (spin, deadlock, block), T4 (no processor), T5 (everything stands still).

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include <gtest/gtest.h>

#include "supervisor/health/stack_trace.hpp"
#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

GirinCommand command(std::vector<std::string> args) {
    args.insert(args.end(), {"-b", "127.0.0.1:0", app("misbehaving")});
    return GirinCommand(std::move(args), 2);
}

/// New connections are answered, one after another, until the log has `part`.
testing::AssertionResult answers_until_log(GirinProcess& girin, std::string_view part, std::size_t from = 0) {
    const Deadline deadline(20s);
    while (girin.log().find(part, from) == std::string::npos) {
        if (deadline.passed()) return testing::AssertionFailure() << "no \"" << part << "\" in\n" << girin.log();
        try {
            if (HttpClient(girin.endpoint(), 10s).get("/").status != 200) return testing::AssertionFailure() << girin.log();
        } catch (const HttpClientError& error) {
            return testing::AssertionFailure() << error.what() << "\n" << girin.log();
        }
    }
    return testing::AssertionSuccess();
}

std::string line_with(const std::string& log, std::string_view part) {
    const auto at = log.find(part);
    if (at == std::string::npos) return {};
    const auto begin = log.rfind('\n', at) + 1;
    return log.substr(begin, log.find('\n', at) - begin);
}

/// Whether this machine lets one process look into another.
bool may_trace() {
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) ::pause();
    }
    const bool may = trace_stacks_blocking(child, child).has_value();
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return may;
}

struct HangCase {
    const char* name;
    const char* target;
    const char* verdict;
    const char* function;  // that must stand in the stack
};

class Hang : public testing::TestWithParam<HangCase> {};

TEST_P(Hang, IsToldInOneRecordAndTheWorkerReplaced) {
    const TempDir dir;
    GirinProcess girin(dir, command({"-w", "2", "--timeout", "1", "--lag-warning", "0.3"}));
    HttpClient victim(girin.endpoint(), 15s);
    victim.send(format_request("GET", GetParam().target));
    // What it had accepted before is lost with it.
    ASSERT_TRUE(girin.wait_for_log("lags: ", 20s)) << girin.log();
    ASSERT_TRUE(answers_until_log(girin, "hangs: "));
    const std::string record = line_with(girin.log(), "hangs: ");
    EXPECT_NE(record.find("its loop has been in one callback for "), std::string::npos) << record;
    EXPECT_NE(record.find(GetParam().verdict), std::string::npos) << record;
    EXPECT_NE(record.find(std::string("; GET ") + GetParam().target + " from 127.0.0.1:"), std::string::npos) << record;
    if (may_trace()) {
        EXPECT_NE(record.find(GetParam().function), std::string::npos) << record;
    } else {
        EXPECT_NE(record.find("no stack: "), std::string::npos) << record;
    }
    EXPECT_TRUE(girin.becomes_ready(3, 0)) << girin.log();
    EXPECT_TRUE(girin.workers_become(2));
    EXPECT_EQ(count_of(girin.log(), "hangs: "), 1U) << girin.log();
}

INSTANTIATE_TEST_SUITE_P(OfAHandlerThat, Hang,
                         testing::Values(HangCase{"Spins", "/spin", "spinning (CPU ", "girin_test::spin_for"},
                                         HangCase{"Deadlocks", "/deadlock", "blocked", "girin_test::lock_twice"},
                                         HangCase{"Blocks", "/block/60000", "blocked", "nanosleep"},
                                         HangCase{"SpinsAfterAWait", "/wait-and-spin", "spinning (CPU ", "girin_test::spin_for"}),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(Lag, IsToldOnceWithItsEnd) {
    const TempDir dir;
    GirinProcess girin(dir, command({"-w", "2", "--timeout", "60", "--lag-warning", "0.2"}));
    EXPECT_EQ(HttpClient(girin.endpoint(), 30s).get("/block/900").status, 200);
    EXPECT_TRUE(girin.wait_for_log("goes on, after ")) << girin.log();
    const std::string record = line_with(girin.log(), "lags: ");
    EXPECT_NE(record.find("; GET /block/900 from 127.0.0.1:"), std::string::npos) << girin.log();
    EXPECT_EQ(girin.workers().size(), 2U);
}

TEST(ExtendedDeadline, HoldsForAHandlerThatKeepsTheLoop) {
    const TempDir dir;
    GirinProcess girin(dir, command({"-w", "2", "--timeout", "0.5"}));
    EXPECT_EQ(HttpClient(girin.endpoint(), 30s).get("/block-said/2000").status, 200);
    EXPECT_EQ(count_of(girin.log(), "hangs: "), 0U) << girin.log();
}

TEST(StoppedWorker, IsFoundAndReplacedWhileOthersServe) {  // T2
    const TempDir dir;
    GirinProcess girin(dir, command({"-w", "2", "--timeout", "1"}));
    const pid_t stopped = girin.workers().at(0);
    ::kill(stopped, SIGSTOP);
    EXPECT_TRUE(answers_until_log(girin, "hangs: ")) << girin.log();
    const std::string record = line_with(girin.log(), "hangs: ");
    EXPECT_NE(record.find("(pid " + std::to_string(stopped) + ")"), std::string::npos) << record;
    EXPECT_NE(record.find("stopped by a signal"), std::string::npos) << record;
    EXPECT_TRUE(answers_until_log(girin, "was killed by us with SIGKILL")) << girin.log();
    EXPECT_TRUE(girin.workers_become(2, {stopped})) << girin.log();
}

/// Children that burn all the processor there is.
class Hogs {
  public:
    explicit Hogs(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const pid_t pid = ::fork();
            if (pid == 0) {
                ::prctl(PR_SET_PDEATHSIG, SIGKILL);
                for (volatile unsigned long work = 0;;) work = work + 1;
            }
            pids_.push_back(pid);
        }
    }
    ~Hogs() {
        for (const pid_t pid : pids_) ::kill(pid, SIGKILL);
        for (const pid_t pid : pids_) ::waitpid(pid, nullptr, 0);
    }

  private:
    std::vector<pid_t> pids_;
};

TEST(StarvedWorkers, AreNeverEnded) {  // T4
    const TempDir dir;
    GirinProcess girin(dir, command({"-w", "2", "--timeout", "0.5", "--lag-warning", "0.2"}));
    const std::vector<pid_t> workers = girin.workers();
    {
        const Hogs hogs(8 * std::max(1U, std::thread::hardware_concurrency()));
        wait_until(in_short_or_long(3'000ms, 60'000ms), [] { return false; });  // the time that passes is the test
    }
    EXPECT_EQ(HttpClient(girin.endpoint(), 30s).get("/").status, 200);
    EXPECT_EQ(count_of(girin.log(), "hangs: "), 0U) << girin.log();
    EXPECT_EQ(girin.workers(), workers);
}

TEST(StoppedServer, EndsNobodyWhenItGoesOn) {  // T5
    const TempDir dir;
    GirinProcess girin(dir, command({"-w", "2", "--timeout", "0.5"}));
    const std::vector<pid_t> workers = girin.workers();
    girin.signal(SIGSTOP);
    for (const pid_t worker : workers) ::kill(worker, SIGSTOP);
    wait_until(in_short_or_long(1'500ms, 60'000ms), [] { return false; });  // the time that passes is the test
    girin.signal(SIGCONT);
    for (const pid_t worker : workers) ::kill(worker, SIGCONT);
    const Deadline looks(1'500ms);
    while (!looks.passed()) EXPECT_EQ(HttpClient(girin.endpoint(), 10s).get("/").status, 200);
    EXPECT_EQ(count_of(girin.log(), "hangs: "), 0U) << girin.log();
    EXPECT_EQ(girin.workers(), workers);
}

TEST(StoppedServer, EndsNobodyInTheMidstOfARequest) {  // T5
    const TempDir dir;
    GirinProcess girin(dir, command({"-w", "2", "--timeout", "2"}));
    const std::vector<pid_t> workers = girin.workers();
    HttpClient client(girin.endpoint(), 30s);
    client.send(format_request("GET", "/doze/1800"));
    wait_until(1'200ms, [] { return false; });  // it has been looked at once, and is told of soon
    girin.signal(SIGSTOP);
    for (const pid_t worker : workers) ::kill(worker, SIGSTOP);
    wait_until(3'000ms, [] { return false; });  // the time that passes is the test
    girin.signal(SIGCONT);
    for (const pid_t worker : workers) ::kill(worker, SIGCONT);
    EXPECT_EQ(client.read_response().status, 200) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "hangs: "), 0U) << girin.log();
    EXPECT_EQ(girin.workers(), workers);
}

}  // namespace
}  // namespace girin::test
