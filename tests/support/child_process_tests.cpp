// ChildProcess, TempDir, eventually() and proc: they report what happened, end what they started, and never wait for
// long.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "tests/support/child_process.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin::test {
namespace {

Command shell(std::string script) { return Command("/bin/sh", {"-c", std::move(script)}); }

TEST(ChildProcess, CapturesOutputAndTheExitCode) {
    Command command = shell("echo \"$GREETING\"; echo bad >&2; pwd; exit 7");
    command.environment["GREETING"] = "hello";
    command.directory = "/";
    const Finished finished = run(command);
    EXPECT_EQ(finished.status, (ExitStatus{7, 0}));
    EXPECT_EQ(finished.output, "hello\n/\n");
    EXPECT_EQ(finished.error, "bad\n");
}

TEST(ChildProcess, TellsTheSignalThatEndedIt) {
    EXPECT_EQ(run(shell("kill -TERM $$")).status, (ExitStatus{-1, SIGTERM}));
}

TEST(ChildProcess, ThrowsForAProgramThatIsNotThere) {
    EXPECT_THROW(ChildProcess(Command("/nonexistent/program", {})), std::runtime_error);
}

TEST(ChildProcess, IsKilledWhenItGoesOutOfScope) {
    pid_t pid = 0;
    {
        ChildProcess child(shell("exec tail -f /dev/null"));
        pid = child.pid();
        EXPECT_TRUE(is_running(pid));
    }
    EXPECT_FALSE(is_running(pid));
    EXPECT_TRUE(zombies_of(::getpid()).empty());
}

TEST(ChildProcess, FindsALineAfterAMark) {
    ChildProcess child(shell("echo one >&2; read line; echo one again >&2; read line"));
    ASSERT_EQ(child.wait_for_line("one", milliseconds{5'000}), "one");
    EXPECT_EQ(child.wait_for_line("two", milliseconds{20}), std::nullopt);
}

TEST(ChildProcess, StopsWaitingForALineWhenTheProcessEnds) {
    ChildProcess child(shell("echo nearly >&2"));
    const auto start = Clock::now();
    EXPECT_EQ(child.wait_for_match("^never$", milliseconds{30'000}), std::nullopt);
    EXPECT_LT(Clock::now() - start, std::chrono::seconds{10});
    EXPECT_EQ(child.wait_for_match("^near.*$", milliseconds{0}), "nearly");
}

TEST(ChildProcess, HandsDescriptorsOverUnderTheirNumbers) {
    FdPair a = make_pipe().value();
    FdPair b = make_pipe().value();
    Command command = shell("echo to-three >&3; echo to-four >&4");
    command.inherit = {{b.second.get(), 3}, {a.second.get(), 4}};
    EXPECT_EQ(run(command).status, (ExitStatus{0, 0}));
    char text[32] = {};
    ASSERT_GT(::read(b.first.get(), text, sizeof text), 0);
    EXPECT_STREQ(text, "to-three\n");
}

TEST(ChildProcess, KeepsItsOutputInADirectoryWhenTold) {
    const TempDir dir;
    Command command = shell("echo kept >&2");
    command.log_directory = dir.path();
    command.log_name = "mine";
    run(command);
    EXPECT_EQ(read_file(dir / "mine.err"), "kept\n");
}

TEST(EndProcesses, KillsWhatAnEndedProgramLeftBehind) {
    ChildProcess child(shell("tail -f /dev/null & tail -f /dev/null & echo started >&2; wait"));
    ASSERT_TRUE(child.wait_for_line("started", milliseconds{5'000}));
    ASSERT_TRUE(eventually(milliseconds{5'000}, "two children", [&] { return children_of(child.pid()).size() == 2; }));
    const auto left = pidfds_of_descendants(child.pid());
    child.kill_now();
    EXPECT_EQ(end_processes(left, milliseconds{1}), 2u);
    EXPECT_EQ(end_processes(left, milliseconds{5'000}), 0u);
}

TEST(Eventually, FailsWithWhatItWaitedFor) {
    const auto result = eventually(milliseconds{5}, "the sun", [] { return false; });
    EXPECT_FALSE(result);
    EXPECT_NE(std::string(result.message()).find("the sun"), std::string::npos);
}

TEST(Eventually, AsksUntilTheConditionHolds) {
    int asked = 0;
    EXPECT_TRUE(eventually(milliseconds{5'000}, "the fifth time", [&] { return ++asked == 5; }));
    EXPECT_EQ(asked, 5);
}

TEST(Proc, KnowsThisProcess) {
    const pid_t self = ::getpid();
    EXPECT_EQ(parent_of(self), ::getppid());
    EXPECT_GE(thread_count(self).value_or(0), 1u);
    EXPECT_GT(rss_bytes(self).value_or(0), 100'000u);
    EXPECT_GT(pss_bytes(self).value_or(0), 100'000u);
    EXPECT_TRUE(cpu_time(self).has_value());
    const auto before = fd_count(self).value_or(0);
    const FdPair pipe = make_pipe().value();
    EXPECT_EQ(fd_count(self), before + 2);
}

TEST(Proc, SaysNothingOfAProcessThatIsGone) {
    pid_t pid = 0;
    {
        ChildProcess child(shell("exit 0"));
        pid = child.pid();
    }
    EXPECT_EQ(state_of(pid), std::nullopt);
    EXPECT_EQ(fd_count(pid), std::nullopt);
    EXPECT_EQ(cpu_time(pid), std::nullopt);
    EXPECT_TRUE(fd_targets(pid).empty());
}

TEST(TempDir, IsGoneAfterATestThatPasses) {
    std::filesystem::path path;
    {
        const TempDir dir;
        path = dir.path();
        dir.write("file", "text");
        EXPECT_EQ(read_file(dir / "file"), "text");
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace girin::test
