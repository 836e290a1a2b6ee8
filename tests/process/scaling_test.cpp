// The number of workers: by an operator, by the load within a range, and on which processors they run.

#include <sched.h>

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "tests/process/process_tools.hpp"
#include "tests/support/http_client.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
using load::LoadThread;

class Scaling : public testing::Test {
  protected:
    const TempDir dir_;
};

TEST_F(Scaling, FollowsTheLoadWithinItsRange) {
    const GirinCommand command({"-w", "1:3", "--scale-down-after", "1", "-b", "127.0.0.1:0", app("misbehaving")}, 1);
    GirinProcess girin(dir_, command);
    LoadThread load(load_on(girin.endpoint(), "/spin/20", 60));
    const auto up = girin.wait_for_log("Scale: from 1 to 2 workers: loops are busy ", 20s);
    ASSERT_TRUE(up) << girin.log();
    EXPECT_TRUE(girin.becomes_ready(2, 0)) << girin.log();
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
    ASSERT_TRUE(girin.wait_for_log("to 1 workers: loops are busy ", 30s)) << girin.log();
    EXPECT_TRUE(girin.workers_become(1)) << girin.log();
    EXPECT_EQ(get(girin.endpoint(), "/").body, "ok");
}

// FAULTS 26, a sibling: a pool that was full, with jobs that wait, looked idle to --workers LEAST:MOST.
TEST_F(Scaling, FollowsThePoolsOfThreads) {
    const GirinCommand command({"-w", "1:2", "--threads", "2", "--scale-down-after", "1", "-b", "127.0.0.1:0",
                                app("synchronous")}, 1);
    GirinProcess girin(dir_, command);
    LoadThread load(load_on(girin.endpoint(), "/block/300", 10));
    ASSERT_TRUE(girin.wait_for_log("Scale: from 1 to 2 workers: pools are busy 100 %", 20s)) << girin.log();
    EXPECT_TRUE(girin.becomes_ready(2, 0)) << girin.log();
    EXPECT_TRUE(nothing_lost(load.finish())) << girin.log();
    ASSERT_TRUE(girin.wait_for_log("to 1 workers: ", 30s)) << girin.log();
}

TEST_F(Scaling, ByOperatorsMovesTheLowerEndOfARange) {
    GirinProcess girin(dir_, GirinCommand({"-w", "1:3", "-b", "127.0.0.1:0", "demo"}, 1));
    girin.ttin();
    ASSERT_TRUE(girin.wait_for_log("Scale: at least 2 workers, at most 3")) << girin.log();
    EXPECT_TRUE(girin.workers_become(2));
    for (int i = 0; i < 3; ++i) {
        const std::size_t mark = girin.mark();
        girin.ttin();
        ASSERT_TRUE(girin.wait_for_log("Scale: at least 3 workers, at most 3", 10s, mark)) << girin.log();
    }
    // FAULTS 7: that the end of the range was reached was told nowhere.
    EXPECT_TRUE(girin.wait_for_log("Scale: at least 3 workers, at most 3 (asked for at least 4)")) << girin.log();
    EXPECT_TRUE(girin.workers_become(3));
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("generation 2 serves", 20s)) << girin.log();
    EXPECT_TRUE(girin.workers_become(3)) << "a reload keeps the number that the range allows";
}

TEST_F(Scaling, LeavesWorkersAwayThatWereDrainedByHand) {
    GirinProcess girin(dir_, GirinCommand({"-w", "2:4", "-b", "127.0.0.1:0", "demo"}, 2));
    girin.signal(SIGWINCH);
    ASSERT_TRUE(girin.wait_for_log("all workers are drained")) << girin.log();
    ASSERT_TRUE(girin.workers_become(0));
    HttpClient waiting(girin.endpoint(), 20s);  // in the queue, which a look at the load would see
    waiting.send(format_request("GET", "/"));
    for (const auto& [signal, least] : {std::pair(SIGTTIN, "at least 3"), {SIGTTOU, "at least 2"}}) {
        girin.signal(signal);
        ASSERT_TRUE(girin.wait_for_log(least)) << girin.log();
    }
    EXPECT_EQ(girin.workers(), std::vector<pid_t>()) << girin.log();
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("2 workers are wanted again")) << girin.log();
    EXPECT_EQ(waiting.read_response().status, 200);
    EXPECT_TRUE(girin.workers_become(2)) << girin.log();
}

std::set<unsigned> cpus_of(pid_t pid) {
    cpu_set_t mask;
    std::set<unsigned> cpus;
    if (::sched_getaffinity(pid, sizeof mask, &mask) != 0) return cpus;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &mask)) cpus.insert(cpu);
    }
    return cpus;
}

TEST_F(Scaling, WithAffinitySharesTheProcessorsOut) {
    const std::set<unsigned> ours = cpus_of(0);
    if (ours.size() < 2) GTEST_SKIP() << "there is one processor only";
    GirinProcess girin(dir_, GirinCommand({"-w", "2", "-b", "127.0.0.1:0", "--affinity", "auto", "demo"}, 2));
    const auto taken = [&] {
        std::set<unsigned> all;
        for (const pid_t worker : girin.workers()) {
            const std::set<unsigned> one = cpus_of(worker);
            EXPECT_EQ(one.size(), 1U);
            all.insert(one.begin(), one.end());
        }
        return all;
    };
    EXPECT_EQ(taken().size(), 2U);
    EXPECT_EQ(cpus_of(girin.pid()), ours) << "the master stays as it is";
    girin.hup();
    ASSERT_TRUE(girin.wait_for_log("generation 2 serves", 20s)) << girin.log();
    ASSERT_TRUE(girin.workers_become(2));
    EXPECT_EQ(taken().size(), 2U);
}

TEST_F(Scaling, RefusesProcessorsThatAreNotThere) {
    const Finished finished = run_girin(dir_, {"-b", "127.0.0.1:0", "--affinity", "8000", "demo"});
    EXPECT_EQ(finished.status, (ExitStatus{2, 0}));
    EXPECT_NE(finished.error.find("affinity: processor 8000 isn't one that we may use"), std::string::npos)
        << finished.error;
    const Finished range = run_girin(dir_, {"-b", "127.0.0.1:0", "-w", "3:2", "demo"});
    EXPECT_EQ(range.status, (ExitStatus{2, 0}));
    EXPECT_NE(range.error.find("'3:2' is no range: the smaller number stands first"), std::string::npos) << range.error;
}

}  // namespace
}  // namespace girin::test
