// Cancelling tasks: an edge with a counter, as in asyncio (test_tasks.py), delivered where the task waits.

#include <gtest/gtest.h>

#include "girin/loop/cancel.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/task.hpp"
#include "tests/loop/endings.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

struct TaskCancel : testing::Test {
    void turn() {
        loop.stop();
        loop.run_forever();
    }
    void run_for(Duration duration) {
        loop.call_later(duration, [this] { loop.stop(); });
        loop.run_forever();
    }

    VirtualLoop loop;
    Reports reports{loop};
    Trace trace;
};

/// Sleeps so often, and writes down how each sleep ended.
Coro<int> sleeper(Trace& trace, int sleeps) {
    for (int i = 0; i < sleeps; ++i) {
        try {
            co_await sleep_for(1s);
            trace.push_back("slept");
        } catch (const Cancelled&) {
            trace.push_back("cancelled");
        }
    }
    co_return 7;
}
Coro<void> sleep_once(Trace& trace) {
    trace.push_back("began");
    co_await sleep_for(1s);
    trace.push_back("slept");
}

TEST_F(TaskCancel, BeforeTheFirstStepNeverEntersTheBody) {
    const Task<void> task = loop.create_task(sleep_once(trace));
    EXPECT_TRUE(task.cancel());
    turn();
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(trace, Trace{});
}

TEST_F(TaskCancel, RaisesWhereTheTaskWaitsButNeverAtOnce) {
    const Task<int> task = loop.create_task(sleeper(trace, 1));
    turn();
    EXPECT_TRUE(task.cancel());
    EXPECT_EQ(trace, Trace{});
    EXPECT_FALSE(task.done());
    turn();
    EXPECT_EQ(trace, Trace{"cancelled"});
}

TEST_F(TaskCancel, EndsATaskThatDoesNotCatchIt) {
    const Task<void> task = loop.create_task(sleep_once(trace));
    turn();
    task.cancel();
    turn();
    EXPECT_TRUE(task.cancelled());
    EXPECT_THROW(task.result(), Cancelled);
    EXPECT_FALSE(task.cancel());
    EXPECT_EQ(trace, Trace{"began"});
    EXPECT_TRUE(loop.timers().empty());
}

TEST_F(TaskCancel, IsAnEdge) {
    const Task<int> task = loop.create_task(sleeper(trace, 3));
    turn();
    task.cancel();
    run_for(5s);
    EXPECT_EQ(trace, (Trace{"cancelled", "slept", "slept"}));
    EXPECT_FALSE(task.cancelled());
    EXPECT_EQ(task.result(), 7);
}

TEST_F(TaskCancel, TwiceBeforeDeliveryRaisesOnce) {
    const Task<int> task = loop.create_task(sleeper(trace, 2));
    turn();
    EXPECT_TRUE(task.cancel());
    EXPECT_TRUE(task.cancel());
    EXPECT_EQ(task.cancelling(), 2);
    run_for(5s);
    EXPECT_EQ(trace, (Trace{"cancelled", "slept"}));
}

TEST_F(TaskCancel, RaisesAgainForEachRequest) {
    const Task<int> task = loop.create_task(sleeper(trace, 3));
    turn();
    task.cancel();
    turn();
    task.cancel();
    run_for(5s);
    EXPECT_EQ(trace, (Trace{"cancelled", "cancelled", "slept"}));
}

TEST_F(TaskCancel, OfItselfRaisesAtItsNextAwait) {
    auto cancels_itself = [](EventLoop& l, Trace& t) -> Coro<void> {
        l.current_task()->cancel_task();
        t.push_back("goes on");
        co_await sleep_for(1s);
        t.push_back("slept");
    };
    const Task<void> task = loop.create_task(cancels_itself(loop, trace));
    run_for(2s);
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(trace, Trace{"goes on"});
}

TEST_F(TaskCancel, AtItsEndDropsTheResult) {
    auto ends_at_once = [](EventLoop& l) -> Coro<int> {
        l.current_task()->cancel_task();
        co_return 7;
    };
    const Task<int> task = loop.create_task(ends_at_once(loop));
    turn();
    EXPECT_TRUE(task.cancelled());
}

TEST_F(TaskCancel, IsWhatATaskEndsAsThatThrowsItUnasked) {
    auto throws = []() -> Coro<void> {
        co_await sleep_for(0s);
        throw Cancelled{};
    };
    const Task<void> task = loop.create_task(throws());
    run_for(1s);
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(task.cancelling(), 0);
}

TEST_F(TaskCancel, IsNotCaughtAsAStdException) {
    auto catches_errors = [](Trace& t) -> Coro<void> {
        try {
            co_await sleep_for(1s);
        } catch (const std::exception&) {
            t.push_back("swallowed");
        }
    };
    const Task<void> task = loop.create_task(catches_errors(trace));
    turn();
    task.cancel();
    turn();
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(trace, Trace{});
}

TEST_F(TaskCancel, ReachesTheInnermostAwait) {
    auto outer = [](Task<int> inner, Trace& t) -> Coro<void> {
        try {
            co_await inner;
        } catch (const Cancelled&) {
            t.push_back("outer cancelled");
            throw;
        }
    };
    const Task<int> inner = loop.create_task(sleeper(trace, 1));
    const Task<void> waiting = loop.create_task(outer(inner, trace));
    turn();
    waiting.cancel();
    run_for(5s);
    // The inner task caught it and returned a value, so that there is nothing to raise in the outer one.
    EXPECT_EQ(trace, Trace{"cancelled"});
    EXPECT_EQ(inner.result(), 7);
    EXPECT_FALSE(waiting.cancelled());
}

TEST_F(TaskCancel, CancelsAFutureForWhichTheTaskWaits) {
    const Future<int> future(loop);
    auto waits = [](Future<int> f) -> Coro<void> { co_await f; };
    const Task<void> task = loop.create_task(waits(future));
    turn();
    task.cancel();
    EXPECT_TRUE(future.cancelled());
    turn();
    EXPECT_TRUE(task.cancelled());
}

TEST_F(TaskCancel, AfterAFutureWasSetStillWins) {
    const Future<int> future(loop);
    auto waits = [](Future<int> f, Trace& t) -> Coro<void> {
        co_await f;
        t.push_back("got it");
    };
    const Task<void> task = loop.create_task(waits(future, trace));
    turn();
    future.set_result(1);
    EXPECT_TRUE(task.cancel());
    turn();
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(trace, Trace{});
    EXPECT_EQ(future.result(), 1);
}

TEST_F(TaskCancel, IsNotSeenByAnAwaitThatDoesNotWait) {
    const Future<int> future(loop);
    future.set_result(1);
    auto awaits_done = [](EventLoop& l, Future<int> f, Trace& t) -> Coro<void> {
        l.current_task()->cancel_task();
        co_await f;
        t.push_back("got it");
        co_await sleep_for(0s);
        t.push_back("went on");
    };
    const Task<void> task = loop.create_task(awaits_done(loop, future, trace));
    run_for(1s);
    EXPECT_EQ(trace, Trace{"got it"});
    EXPECT_TRUE(task.cancelled());
}

TEST_F(TaskCancel, LetsCleanUpWaitInPeace) {
    const Task<int> task = loop.create_task(cleans_up(1h, 1s, trace));
    turn();
    task.cancel();
    run_for(2s);
    EXPECT_EQ(trace, Trace{"cleaned up"});
    EXPECT_TRUE(task.cancelled());
}

TEST_F(TaskCancel, InTheTurnInWhichASleepEndsStillRaises) {
    const Task<void> task = loop.create_task(sleep_once(trace));
    turn();
    loop.call_soon([&] {
        loop.advance(1s);
        loop.call_soon([&] { task.cancel(); });  // runs before the timer of the same turn
    });
    turn();
    turn();
    turn();
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(trace, Trace{"began"});
}

TEST_F(TaskCancel, RequestsAreCountedDownByUncancel) {
    const Task<int> task = loop.create_task(sleeper(trace, 1));
    EXPECT_EQ(task.uncancel(), 0);
    task.cancel();
    task.cancel();
    EXPECT_EQ(task.uncancel(), 1);
    EXPECT_EQ(task.cancelling(), 1);
    EXPECT_EQ(task.uncancel(), 0);
    EXPECT_EQ(task.uncancel(), 0);
    run_for(2s);
    EXPECT_EQ(trace, Trace{"slept"});  // as CPython 3.13: at zero, what was not yet raised is forgotten
    EXPECT_EQ(task.result(), 7);
}

TEST_F(TaskCancel, RequestsLeftByUncancelAreStillRaised) {
    const Task<int> task = loop.create_task(sleeper(trace, 1));
    task.cancel();
    task.cancel();
    EXPECT_EQ(task.uncancel(), 1);
    turn();
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(trace, Trace{});
}

TEST_F(TaskCancel, OfTheMainTaskLeavesTheRun) {
    auto main = [](EventLoop& l) -> Coro<void> {
        l.current_task()->cancel_task();
        co_await sleep_for(1s);
    };
    EXPECT_THROW(loop.run_until_complete(main(loop)), Cancelled);
}

}  // namespace
}  // namespace girin::test
