// So many hooks at once, so many that wait, and the rest is counted.

#include "supervisor/hooks/hook_queue.hpp"

#include <gtest/gtest.h>

namespace girin::test {
namespace {

HookLimits limits(std::size_t at_once, std::size_t waiting) {
    HookLimits few;
    few.at_once = at_once;
    few.waiting = waiting;
    return few;
}

HookOrder order(const std::string& command) { return HookOrder(command, HookFacts(HookEvent::ready)); }

TEST(HookQueue, GivesTheOldestFirst) {
    HookQueue queue;
    EXPECT_FALSE(queue.take_next(0));
    EXPECT_TRUE(queue.add(order("first")));
    EXPECT_TRUE(queue.add(order("second")));
    EXPECT_EQ(queue.take_next(0)->command, "first");
    EXPECT_EQ(queue.take_next(1)->command, "second");
    EXPECT_FALSE(queue.take_next(0));
}

TEST(HookQueue, GivesNothingWhileAsManyRunAsMay) {
    HookQueue queue(limits(2, 5));
    EXPECT_TRUE(queue.add(order("waits")));
    EXPECT_FALSE(queue.take_next(2));
    EXPECT_FALSE(queue.take_next(3));
    EXPECT_TRUE(queue.take_next(1));
}

TEST(HookQueue, DropsWhatIsTooMuchAndCountsIt) {
    HookQueue queue(limits(1, 2));
    EXPECT_TRUE(queue.add(order("a")));
    EXPECT_TRUE(queue.add(order("b")));
    EXPECT_FALSE(queue.add(order("c")));
    EXPECT_FALSE(queue.add(order("d")));
    EXPECT_EQ(queue.waiting(), 2u);
    EXPECT_EQ(queue.take_dropped(), 2u);
    EXPECT_EQ(queue.take_dropped(), 0u);
    EXPECT_EQ(queue.take_next(0)->command, "a");
    EXPECT_TRUE(queue.add(order("e")));
}

TEST(HookQueue, CountsWhatIsClearedAsDropped) {
    HookQueue queue;
    EXPECT_TRUE(queue.add(order("a")));
    queue.clear();
    EXPECT_EQ(queue.waiting(), 0u);
    EXPECT_EQ(queue.take_dropped(), 1u);
}

}  // namespace
}  // namespace girin::test
