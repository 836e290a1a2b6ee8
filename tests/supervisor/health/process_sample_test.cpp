// What is read out of /proc: from texts as kernels write them, from nonsense, and from processes that are there.

#include "supervisor/health/process_sample.hpp"

#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/child_process.hpp"
#include "tests/support/deadline.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kStat =
    "3203 (girin:worker) 0) S 3201 3130 6674 0 -1 4194368 1000 0 0 0 250 50 0 0 20 0 1 0 1487 1 2 3";

TEST(ProcessSample, IsReadFromTheKernelsText) {
    const ProcessSample sample = parse_process_sample(kStat, "3100000000 250000000 77\n");
    EXPECT_EQ(sample.state, 'S');
    EXPECT_EQ(sample.parent, 3201);
    EXPECT_EQ(sample.cpu, 3100ms);
    EXPECT_EQ(sample.run_delay, 250ms);
    EXPECT_EQ(sample.started, 1487U);
}

TEST(ProcessSample, TakesTheTicksWhereNothingBetterIsTold) {
    const ProcessSample sample = parse_process_sample(kStat, "");
    EXPECT_EQ(sample.cpu, Duration(1s) / ::sysconf(_SC_CLK_TCK) * 300);
    EXPECT_EQ(sample.run_delay, std::nullopt);
}

TEST(ProcessSample, KnowsOneWhoseCoreIsBeingWritten) {
    EXPECT_TRUE(parse_dumping_core("Name:\tgirin\nCoreDumping:\t1\nTHP_enabled:\t1\n"));
    EXPECT_FALSE(parse_dumping_core("Name:\tgirin\nCoreDumping:\t0\nTHP_enabled:\t1\n"));
    EXPECT_FALSE(parse_dumping_core(""));
    EXPECT_FALSE(is_dumping_core(::getpid()));
}

TEST(ProcessSample, LeavesOutWhatIsNonsense) {
    for (const std::string_view text : {"", "7", "7 (x", "7 (x)", "7 (x) ", "7 (x) R 1 2 3"}) {
        const ProcessSample sample = parse_process_sample(text, "many 1");
        EXPECT_EQ(sample.cpu, std::nullopt) << text;
    }
    EXPECT_EQ(parse_process_sample("7 (x) R 1 2 3", "-1 x").state, 'R');
}

// FAULTS 35, a sibling: a worker could name any process as the program that it keeps.
TEST(KeptProgram, IsAChildOfItsKeeper) {
    const ChildProcess child(Command("/bin/sleep", {"60"}));
    ScoreboardSlot line{};
    EXPECT_EQ(kept_program(line, ::getpid()), 0);
    line.program = child.pid();
    EXPECT_EQ(kept_program(line, ::getpid()), child.pid());
    EXPECT_EQ(kept_program(line, child.pid()), 0);
    for (const pid_t other : {1, ::getppid(), ::getpid(), -1}) {
        line.program = other;
        EXPECT_EQ(kept_program(line, ::getpid()), 0) << other;
    }
}

TEST(ProcessSample, TellsAStoppedProcessFromOneThatSleeps) {
    ChildProcess child(Command("/bin/sleep", {"60"}));
    const auto becomes = [&](char state) {
        return eventually(5s, std::string("state ") + state, [&] { return sample_process(child.pid()).state == state; });
    };
    EXPECT_TRUE(becomes('S'));
    child.signal(SIGSTOP);
    EXPECT_TRUE(becomes('T'));
    EXPECT_TRUE(sample_process(child.pid()).cpu);
    child.signal(SIGKILL);
}

TEST(ProcessSample, OfAProcessThatIsGoneIsEmpty) {
    const ProcessSample sample = sample_process(0x7ffffff0);
    EXPECT_EQ(sample.state, '?');
    EXPECT_FALSE(sample.cpu || sample.run_delay);
}

TEST(CpuPressure, IsThatOfTheLastTenSeconds) {
    EXPECT_EQ(parse_cpu_pressure("some avg10=12.34 avg60=19.99 avg300=18.42 total=6483824029\nfull avg10=0.00"), "12.34 %");
    EXPECT_EQ(parse_cpu_pressure(""), "");
    EXPECT_EQ(parse_cpu_pressure("full avg10=1.00"), "");
}

}  // namespace
}  // namespace girin::test
