// The sentence for each way in which a child can end.

#include "supervisor/process/exit_cause.hpp"

#include <signal.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace girin {
namespace {

ExitEvidence evidence_of(ChildExit ended) {
    ExitEvidence evidence;
    evidence.ended = ended;
    return evidence;
}

TEST(ExitCause, NamesTheExitCode) {
    const ExitStory story = explain_exit(evidence_of(ChildExit::with_code(3)));
    EXPECT_EQ(story.kind, ExitKind::failed);
    EXPECT_EQ(story.sentence, "exited with code 3");
}

TEST(ExitCause, TellsWhetherExitZeroWasAskedFor) {
    ExitEvidence evidence = evidence_of(ChildExit::with_code(0));
    EXPECT_EQ(explain_exit(evidence).kind, ExitKind::left);
    EXPECT_EQ(explain_exit(evidence).sentence, "exited with code 0 without being asked to");
    evidence.asked_to_stop = true;
    EXPECT_EQ(explain_exit(evidence).kind, ExitKind::finished);
}

TEST(ExitCause, CallsAFaultACrash) {
    const ExitStory story = explain_exit(evidence_of(ChildExit::with_signal(SIGSEGV, true)));
    EXPECT_EQ(story.kind, ExitKind::crashed);
    EXPECT_EQ(story.sentence, "crashed: SIGSEGV (core dumped)");
    EXPECT_EQ(explain_exit(evidence_of(ChildExit::with_signal(SIGABRT))).sentence, "crashed: SIGABRT");
}

TEST(ExitCause, KnowsOurOwnKills) {
    ExitEvidence evidence = evidence_of(ChildExit::with_signal(SIGABRT));
    evidence.own_kill = OwnKill(SIGABRT, "no heartbeat for 30 s");
    evidence.out_of_memory = true;
    const ExitStory story = explain_exit(evidence);
    EXPECT_EQ(story.kind, ExitKind::killed_by_us);
    EXPECT_EQ(story.sentence, "was killed by us with SIGABRT: no heartbeat for 30 s");
}

TEST(ExitCause, DoesNotTakeACrashForOurKillBecauseWeSentAnotherSignal) {
    ExitEvidence evidence = evidence_of(ChildExit::with_signal(SIGSEGV));
    evidence.own_kill = OwnKill(SIGABRT, "no heartbeat for 30 s");
    EXPECT_EQ(explain_exit(evidence).kind, ExitKind::crashed);
}

TEST(ExitCause, BlamesTheMemoryLimitOnlyOnTheKernelsCount) {
    ExitEvidence evidence = evidence_of(ChildExit::with_signal(SIGKILL));
    EXPECT_EQ(explain_exit(evidence).sentence, "was killed by SIGKILL from outside");
    evidence.out_of_memory = true;
    EXPECT_EQ(explain_exit(evidence).kind, ExitKind::out_of_memory);
    EXPECT_EQ(explain_exit(evidence).sentence, "was killed by the kernel: out of memory in the cgroup");
}

TEST(OomWatch, AnswersOnceForEachKillThatTheKernelCounted) {
    const test::TempDir dir;
    const std::string events = dir.write("memory.events", "low 0\nhigh 0\nmax 4\noom 1\noom_kill 1\n");
    OomWatch watch(events);
    EXPECT_FALSE(watch.has_killed_since());
    dir.write("memory.events", "low 0\nhigh 0\nmax 9\noom 3\noom_kill 3\n");
    EXPECT_TRUE(watch.has_killed_since());
    EXPECT_TRUE(watch.has_killed_since());
    EXPECT_FALSE(watch.has_killed_since());
}

TEST(OomWatch, ReadsTheOlderKindOfCgroupToo) {
    const test::TempDir dir;
    OomWatch watch(dir.write("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n"));
    dir.write("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
    EXPECT_TRUE(watch.has_killed_since());
    EXPECT_FALSE(watch.has_killed_since());
}

TEST(OomWatch, SaysNoWhereNothingIsCounted) {
    OomWatch watch("/nowhere/memory.events");
    EXPECT_FALSE(watch.has_killed_since());
}

}  // namespace
}  // namespace girin
