#include "girin/loop/sleep.hpp"

#include <gtest/gtest.h>

#include "girin/loop/cancel.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

TEST(Sleep, EndsAtItsTime) {
    VirtualLoop loop;
    auto sleeps = []() -> Coro<void> {
        co_await sleep_for(90s);
        co_await sleep_until(EventLoop::running().time() + 30s);
    };
    loop.run_until_complete(sleeps());
    EXPECT_EQ(loop.elapsed(), 2min);
}

TEST(Sleep, OfNothingGivesWayForOneTurn) {
    auto main = [](Trace& trace) -> Coro<void> {
        for (const Duration nothing : {0s, -5s}) {
            EventLoop::running().call_soon([&trace] { trace.push_back("other"); });
            co_await sleep_for(nothing);
            trace.push_back("sleeper");
        }
    };
    Trace trace;
    VirtualLoop loop;
    loop.run_until_complete(main(trace));
    EXPECT_EQ(trace, (Trace{"other", "sleeper", "other", "sleeper"}));
    EXPECT_EQ(loop.elapsed(), 0s);
}

TEST(Sleep, ForEverIsACancelAway) {
    auto main = []() -> Coro<bool> {
        auto sleeps = []() -> Coro<void> { co_await sleep_for(Duration::max()); };
        const Task<void> task = create_task(sleeps());
        co_await sleep_for(1000h);
        EXPECT_FALSE(task.done());
        task.cancel();
        co_await sleep_for(0s);
        EXPECT_TRUE(EventLoop::running().timers().empty());
        co_return task.cancelled();
    };
    EXPECT_TRUE(run_virtually(main));
}

TEST(Sleep, NeedsARunningLoop) { EXPECT_THROW(static_cast<void>(sleep_for(1s)), LoopError); }

}  // namespace
}  // namespace girin::test
