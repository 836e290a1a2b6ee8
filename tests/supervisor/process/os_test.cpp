// The seam's real side: children by pidfd.

#include "supervisor/process/os.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/deadline.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;
using test::eventually;

class OsTest : public testing::Test {
  protected:
    ForkedChild fork_one(const std::function<void()>& body) {
        auto child = os_.fork_child();
        if (!child) throw std::runtime_error(child.error().message());
        if (child->pid == 0) {
            body();
            ::_exit(0);
        }
        return std::move(*child);
    }

    ChildExit end_of(const ForkedChild& child) {
        std::optional<ChildExit> ended;
        EXPECT_TRUE(eventually(5s, "the child's end", [&] {
            auto reaped = os_.reap_child(child.pidfd.get());
            if (reaped) ended = *reaped;
            return ended.has_value();
        }));
        return ended.value_or(ChildExit());
    }

    LinuxOs os_;
};

TEST_F(OsTest, TellsAChildsExitCode) {
    const ForkedChild child = fork_one([] { ::_exit(7); });
    const ChildExit ended = end_of(child);
    EXPECT_EQ(ended.pid, child.pid);
    EXPECT_FALSE(ended.by_signal);
    EXPECT_EQ(ended.value, 7);
}

// FAULTS 14: a child that somebody else had reaped was an error for ever, and its end never told.
TEST_F(OsTest, TellsOfAChildThatSomebodyElseHasReaped) {
    const ForkedChild child = fork_one([] {});
    EXPECT_FALSE(end_of(child).is_unknown);
    const auto again = os_.reap_child(child.pidfd.get());
    ASSERT_TRUE(again && *again);
    EXPECT_TRUE((*again)->is_unknown);
    EXPECT_NE((*again)->value, 0);
}

TEST_F(OsTest, HasEndedChildrenKeptWhateverSigchldWas) {
    ::signal(SIGCHLD, SIG_IGN);
    const ForkedChild kept = fork_one([] { ::_exit(7); });
    EXPECT_EQ(end_of(kept).value, 7);
    ::signal(SIGCHLD, SIG_IGN);
    const ForkedChild lost = fork_one([] { ::pause(); });
    ::signal(SIGCHLD, SIG_IGN);
    ASSERT_TRUE(os_.signal_child(lost.pidfd.get(), SIGKILL));
    EXPECT_TRUE(end_of(lost).is_unknown);
}

TEST_F(OsTest, SignalsTheChildItMeans) {
    const ForkedChild child = fork_one([] { ::pause(); });
    EXPECT_FALSE(os_.reap_child(child.pidfd.get()).value());
    ASSERT_TRUE(os_.signal_child(child.pidfd.get(), SIGKILL));
    const ChildExit ended = end_of(child);
    EXPECT_TRUE(ended.by_signal);
    EXPECT_EQ(ended.value, SIGKILL);
    EXPECT_FALSE(os_.signal_child(child.pidfd.get(), SIGKILL));
}

TEST_F(OsTest, ReapsAdoptedChildrenButLeavesItsOwn) {
    const ForkedChild own = fork_one([] {});
    const pid_t own_pids[] = {own.pid};
    EXPECT_TRUE(eventually(5s, "the end", [&] { return ::kill(own.pid, 0) == 0; }));
    EXPECT_FALSE(os_.reap_adopted(own_pids));
    end_of(own);
    const pid_t stranger = ::fork();
    if (stranger == 0) ::_exit(3);
    std::optional<pid_t> reaped;
    EXPECT_TRUE(eventually(5s, "the stranger", [&] { return (reaped = os_.reap_adopted({})).has_value(); }));
    EXPECT_EQ(reaped, stranger);
    EXPECT_FALSE(os_.reap_adopted({}));
}

TEST_F(OsTest, WaitsNoLongerThanTheDeadline) {
    const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event events[4];
    const TimePoint deadline = os_.now() + 20ms;
    EXPECT_EQ(os_.wait_events(epoll.get(), events, deadline).value(), 0u);
    EXPECT_GE(os_.now(), deadline);
    EXPECT_EQ(os_.wait_events(epoll.get(), events, os_.now() - 1s).value(), 0u);
}

}  // namespace
}  // namespace girin
