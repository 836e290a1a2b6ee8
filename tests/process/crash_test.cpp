// Workers that crash, or are ended from outside: what the log says of each, and that a row of failures costs nothing
// but itself. Fault tests T13 (crash loop) and T18 (out of memory in a cgroup).

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/proc.hpp"
#include "worker/process/crash_handler.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct CrashCase {
    const char* name;
    const char* target;
    const char* cause;
    const char* function;  // that must stand in the stack
};

class Crash : public testing::TestWithParam<CrashCase> {};

TEST_P(Crash, IsToldWithItsPlaceAndRequest) {
    if (!handles_crashes()) GTEST_SKIP() << "the sanitizer has these signals";
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", app("misbehaving")}, 2));
    provoke(girin.endpoint(), GetParam().target);
    ASSERT_TRUE(girin.wait_for_log("crashed: ")) << girin.log();
    const std::string log = girin.log();
    const auto begin = log.find("crashed: ");
    const std::string record = log.substr(begin, log.find('\n', begin) - begin);
    EXPECT_TRUE(record.starts_with(GetParam().cause)) << record;
    EXPECT_NE(record.find(std::string("; GET ") + GetParam().target + " from 127.0.0.1:"), std::string::npos) << record;
    const bool has_stack = record.find("no stack: ") == std::string::npos;
    EXPECT_TRUE(!has_stack || record.find(GetParam().function) != std::string::npos) << record;
    EXPECT_TRUE(girin.becomes_ready(3, 0)) << girin.log();
}

INSTANTIATE_TEST_SUITE_P(OfAHandlerThat, Crash,
                         testing::Values(CrashCase{"Faults", "/crash", "crashed: SIGSEGV", "::crash()"},
                                         CrashCase{"Aborts", "/abort", "crashed: SIGABRT", "::abort_now()"},
                                         CrashCase{"UsesUpItsStack", "/overflow", "crashed: SIGSEGV", "girin_test::recurse(int)"}),
                         [](const auto& each) { return std::string(each.param.name); });

// FAULTS 27, a sibling: where two threads crashed by the same signal at once, the second ended the worker before the first
// was told.
TEST(CrashInTwoThreads, IsToldWithTheStackOfOne) {
    if (!handles_crashes()) GTEST_SKIP() << "the sanitizer has these signals";
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", app("misbehaving")}, 1));
    provoke(girin.endpoint(), "/crash");
    ASSERT_TRUE(girin.wait_for_log("crashed: ")) << girin.log();
    if (girin.log().find("no stack: ") != std::string::npos) GTEST_SKIP() << "processes can't be looked into here";
    ASSERT_TRUE(girin.becomes_ready(2, 0)) << girin.log();
    const std::size_t from = girin.log().size();
    provoke(girin.endpoint(), "/crash-in-two");
    ASSERT_TRUE(eventually(15s, "the record", [&] { return girin.log().find("crashed: ", from) != std::string::npos; }));
    const std::string record = girin.log().substr(from);
    EXPECT_EQ(record.find("no stack: "), std::string::npos) << record;
    EXPECT_NE(record.find("crash_in_two"), std::string::npos) << record;
}

// FAULTS 18, a sibling: a child that the application forked and that crashed said so in the worker's name, and nobody ever
// looked after that worker again.
TEST(ForkedChild, ThatCrashesIsNotTheWorker) {
    if (!handles_crashes()) GTEST_SKIP() << "the sanitizer has these signals";
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--timeout", "1", app("misbehaving")}, 1));
    const std::vector<pid_t> before = girin.workers();
    EXPECT_EQ(get(girin.endpoint(), "/crash-in-child").body, "child ended by signal 11") << girin.log();
    EXPECT_TRUE(girin.wait_for_log("a process that a worker has forked crashes by signal 11; its stack:")) << girin.log();
    EXPECT_EQ(girin.workers(), before);
    provoke(girin.endpoint(), "/spin");
    ASSERT_TRUE(girin.wait_for_log("hangs: ", 20s)) << girin.log();
    EXPECT_TRUE(girin.workers_become(1, before)) << girin.log();
    EXPECT_EQ(count_of(girin.log(), "lives on"), 0U) << girin.log();
}

// FAULTS 18, a sibling: a child that came back from a blocking handler said that its parent's job was done, and that it hung
// was never seen.
TEST(ForkedChild, ThatReturnsFromABlockingHandlerLeavesItsParentsJobAlone) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--timeout", "1", app("synchronous")}, 1));
    const std::vector<pid_t> before = girin.workers();
    provoke(girin.endpoint(), "/fork-and-deadlock");
    ASSERT_TRUE(girin.wait_for_log("hangs: ", 20s)) << girin.log();
    EXPECT_TRUE(girin.workers_become(1, before)) << girin.log();
}

TEST(BootHang, IsToldWithItsStack) {
    if (!handles_crashes()) GTEST_SKIP() << "the sanitizer has these signals";
    const TempDir dir;
    const Finished finished = run_girin(dir, {"-w", "1", "-b", "127.0.0.1:0", "--boot-timeout", "0.3", app("misbehaving")},
                                        {{"GIRIN_TEST_STARTUP", "block"}});
    EXPECT_EQ(finished.status.code, 3);
    EXPECT_NE(finished.error.find("did not become ready within 300 ms"), std::string::npos) << finished.error;
    const bool has_stack = finished.error.find("no stack: ") == std::string::npos;
    EXPECT_TRUE(!has_stack || finished.error.find("girin_test::start_up()") != std::string::npos) << finished.error;
}

/// A server whose respawned workers die soon after they are ready, until the file says otherwise.
TEST(CrashLoop, CostsLittleAndEndsByItself) {  // T13
    const TempDir dir;
    const std::string file = dir.write("startup", "ok");
    GirinCommand command({"-w", "2", "-b", "127.0.0.1:0", app("misbehaving")}, 2);
    command.environment = {{"GIRIN_TEST_STARTUP_FILE", file}};
    GirinProcess girin(dir, command);
    const std::vector<pid_t> workers = girin.workers();
    dir.write("startup", "die-later");
    const Duration before = cpu_time(girin.pid()).value();
    const TimePoint start = Clock::now();
    ::kill(workers.at(0), SIGKILL);
    ASSERT_TRUE(girin.wait_for_log("Degraded: 1 of 2 workers ready; the last failure: exited with code 9")) << girin.log();
    ASSERT_TRUE(girin.wait_for_log("failed 4 times in a row; tried again in ")) << girin.log();
    EXPECT_LT(cpu_time(girin.pid()).value() - before, (Clock::now() - start) / 10);
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    dir.write("startup", "ok");
    EXPECT_TRUE(girin.workers_become(2)) << girin.log();
    const std::vector<pid_t> after = girin.workers();
    EXPECT_EQ(std::count(after.begin(), after.end(), workers.at(1)), 1) << "the healthy one was never touched";
}

/// A memory cgroup of the test's own, where such can be had.
class MemoryCgroup {
  public:
    explicit MemoryCgroup(std::size_t limit_bytes) {
        const std::string name = "girin-test-" + std::to_string(::getpid());
        const bool is_v2 = fs::exists("/sys/fs/cgroup/cgroup.controllers");
        path_ = (is_v2 ? "/sys/fs/cgroup/" : "/sys/fs/cgroup/memory/") + name;
        if (::mkdir(path_.c_str(), 0755) != 0) return;
        write_to("memory.swap.max", "0");
        can_be_had_ = write_to(is_v2 ? "memory.max" : "memory.limit_in_bytes", std::to_string(limit_bytes));
    }
    /// Empty by then; the kernel needs a moment to believe it.
    ~MemoryCgroup() {
        wait_until(5s, [this] { return ::rmdir(path_.c_str()) == 0 || errno == ENOENT; });
    }

    bool can_be_had() const { return can_be_had_; }
    std::string processes_file() const { return path_ + "/cgroup.procs"; }

  private:
    bool write_to(const std::string& file, const std::string& text) {
        std::ofstream out(path_ + "/" + file);
        out << text << std::flush;
        return out.good();
    }

    std::string path_;
    bool can_be_had_ = false;
};

TEST(OutOfMemory, InACgroupIsNamedAsTheCause) {  // T18
    const MemoryCgroup cgroup(kSlowBuildFactor > 1 ? 1U << 30 : 96U << 20);
    if (!cgroup.can_be_had()) GTEST_SKIP() << "no memory cgroup can be made here";
    const TempDir dir;
    GirinCommand command({"-c", "echo $$ > " + cgroup.processes_file() + " && exec " + girin_binary() +
                                    " -w 2 -b 127.0.0.1:0 " + app("misbehaving")}, 2);
    command.program = "/bin/sh";
    GirinProcess girin(dir, command);
    const std::vector<pid_t> workers = girin.workers();
    for (int i = 0; i < 400 && girin.log().find("out of memory") == std::string::npos; ++i) {
        provoke(girin.endpoint(), "/leak/" + std::to_string(kSlowBuildFactor > 1 ? 64 << 20 : 8 << 20));
    }
    EXPECT_TRUE(girin.wait_for_log("was killed by the kernel: out of memory in the cgroup")) << girin.log();
    EXPECT_TRUE(girin.workers_become(2)) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/").status, 200);
    EXPECT_EQ(girin.stop(), (ExitStatus{0, 0})) << girin.log();
}

}  // namespace
}  // namespace girin::test
