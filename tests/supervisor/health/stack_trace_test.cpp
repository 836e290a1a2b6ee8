// Stacks of another process, read from outside: of this program's own children, which stand where we want them.

#include "supervisor/health/stack_trace.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/proc.hpp"
#include "tests/support/deadline.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

[[gnu::noinline]] void wait_in_a_function_with_a_name() {
    for (;;) ::pause();
}

/// A child that stands in wait_in_a_function_with_a_name().
class WaitingChild {
  public:
    WaitingChild() : pid_(::fork()) {
        if (pid_ != 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        wait_in_a_function_with_a_name();
    }
    ~WaitingChild() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
};

TEST(StackTrace, NamesTheFunctionsOfAnotherProcess) {
    const WaitingChild child;
    ASSERT_TRUE(eventually(5s, "a child that waits", [&] { return state_of(child.pid()) == 'S'; }));
    const auto stacks = trace_stacks_blocking(child.pid(), child.pid());
    if (!stacks) GTEST_SKIP() << "tracing isn't allowed here: " << stacks.error().message();
    ASSERT_EQ(stacks->size(), 1U);
    EXPECT_EQ(stacks->front().tid, child.pid());
    const std::string text = to_text(*stacks);
    EXPECT_NE(text.find("wait_in_a_function_with_a_name()"), std::string::npos) << text;
    EXPECT_TRUE(eventually(5s, "a child that waits as before", [&] { return state_of(child.pid()) == 'S'; }));
}

TEST(StackTrace, LeavesAStoppedProcessStopped) {
    const WaitingChild child;
    ::kill(child.pid(), SIGSTOP);
    ASSERT_TRUE(eventually(5s, "a child that is stopped", [&] { return state_of(child.pid()) == 'T'; }));
    const auto stacks = trace_stacks_blocking(child.pid(), child.pid());
    if (!stacks) GTEST_SKIP() << "tracing isn't allowed here: " << stacks.error().message();
    EXPECT_FALSE(stacks->front().frames.empty());
    EXPECT_TRUE(eventually(5s, "still stopped", [&] { return state_of(child.pid()) == 'T'; }));
}

TEST(StackTrace, OfAProcessThatIsGoneIsAnError) {
    const auto stacks = trace_stacks_blocking(0x7ffffff0, 0);
    ASSERT_FALSE(stacks);
    EXPECT_NE(stacks.error().message().find("process 2147483632"), std::string::npos) << stacks.error().message();
}

TEST(StackTrace, IsToldInOneLine) {
    ThreadStack one, other;
    one.tid = 12;
    one.name = "girin: worker 1";
    one.frames = {"spin() at shop.cpp:12", "handle() in libshop.so"};
    other.tid = 13;
    other.name = "girin-exec";
    other.frames = {"wait()"};
    other.cut = true;
    EXPECT_EQ(to_text({one, other}),
              "thread 12 (girin: worker 1): spin() at shop.cpp:12 < handle() in libshop.so; thread 13 (girin-exec): "
              "wait() < …");
}

}  // namespace
}  // namespace girin::test
