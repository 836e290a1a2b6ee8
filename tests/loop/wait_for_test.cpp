// wait_for against CPython's test_waitfor.py (3.13); what a case is called there follows in each name.

#include <gtest/gtest.h>

#include "girin/loop/any_future.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/timeout.hpp"
#include "tests/loop/endings.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

/// Runs for 200 ms, whatever is asked of it.
Coro<void> stubborn(bool& exited) {
    const TimePoint until = EventLoop::running().time() + 200ms;
    while (EventLoop::running().time() < until) {
        try {
            co_await sleep_until(until);
        } catch (const Cancelled&) {
        }
    }
    exited = true;
}
Coro<int> gives(Duration after, int value) {
    co_await sleep_for(after);
    co_return value;
}
Coro<void> until_done(FutureStateBase& state) {
    const Future<void> ended(state.loop());
    state.add_done_callback([ended] { ended.set_result(); });
    co_await ended;
}

TEST(WaitFor, WaitsForWorkThatResistsCancellation_Cancelled) {
    auto main = [](bool& exited) -> Coro<void> {
        const Task<void> waiting = create_task(wait_for(stubborn(exited), 400ms));
        co_await sleep_for(0s);
        waiting.cancel();
        co_await until_done(*waiting.state());
    };
    bool exited = false;
    run_virtually(main, exited);
    EXPECT_TRUE(exited);
}

TEST(WaitFor, OverrunsWhenWorkResists_Timeout) {
    bool exited = false;
    VirtualLoop loop;
    EXPECT_EQ(loop.run_until_complete(ending(wait_for(stubborn(exited), 100ms))), "ok");
    EXPECT_TRUE(exited);
    EXPECT_EQ(loop.elapsed(), 200ms);
}

TEST(WaitFor, OfZeroTakesAResultThatIsThere_FutureDone) {
    auto main = [](Duration limit) -> Coro<int> {
        const Future<int> future(EventLoop::running());
        future.set_result(7);
        co_return co_await wait_for(future, limit);
    };
    EXPECT_EQ(run_virtually(main, Duration(0s)), 7);
    EXPECT_EQ(run_virtually(main, Duration(-1s)), 7);
}

TEST(WaitFor, OfZeroCancelsAFutureThatIsNotDone) {
    auto main = [](Duration limit) -> Coro<void> {
        const Future<int> future(EventLoop::running());
        const std::string how = co_await ending(wait_for(future, limit));
        EXPECT_EQ(how, "timed out");
        EXPECT_TRUE(future.cancelled());
    };
    run_virtually(main, Duration(0s));
    run_virtually(main, Duration(-1s));
}

TEST(WaitFor, OfZeroNeverStartsACoroutine_CoroutineDoNotStarted) {
    auto says = [](Trace& trace) -> Coro<void> {
        trace.push_back("started");
        co_return;
    };
    Trace trace;
    EXPECT_EQ(run_virtually(ending<void>, wait_for(says(trace), 0s)), "timed out");
    EXPECT_EQ(trace, Trace{});
}

TEST(WaitFor, OfZeroCancelsATaskThatRuns_LessThen0Or0) {
    auto main = [](Duration limit, Trace& trace) -> Coro<void> {
        const Task<int> task = create_task(cleans_up(10s, 0s, trace));
        co_await sleep_for(1ms);
        const std::string how = co_await ending(wait_for(task, limit));
        EXPECT_EQ(how, "timed out");
        EXPECT_TRUE(task.cancelled());
        EXPECT_EQ(task.cancelling(), 1);
    };
    Trace trace;
    run_virtually(main, Duration(0s), trace);
    run_virtually(main, Duration(-1s), trace);
    EXPECT_EQ(trace, (Trace{"cleaned up", "cleaned up"}));
}

TEST(WaitFor, OfZeroCancelsAFutureOfAnyKindAndTakesOneThatIsDone) {
    auto main = []() -> Coro<void> {
        const Task<int> task = create_task(gives(10s, 1));
        const std::string late = co_await ending(wait_for(AnyFuture(task), 0s));
        EXPECT_EQ(late, "timed out");
        EXPECT_TRUE(task.cancelled());
        const Task<int> done = create_task(gives(0s, 1));
        co_await done;
        const std::string there = co_await ending(wait_for(AnyFuture(done), 0s));
        EXPECT_EQ(there, "ok");
    };
    run_virtually(main);
}

TEST(WaitFor, CancelsATaskThatTakesTooLong_WaitFor) {
    auto main = []() -> Coro<void> {
        const Task<int> task = create_task(gives(10s, 1));
        const std::string how = co_await ending(wait_for(task, 100ms));
        EXPECT_EQ(how, "timed out");
        EXPECT_TRUE(task.cancelled());
    };
    run_virtually(main);
}

TEST(WaitFor, WithoutLimitWaits_Blocking) {
    EXPECT_EQ(run_virtually(ending<int>, wait_for(gives(1000h, 7), Duration::max())), "ok");
}

TEST(WaitFor, GivesAResultThatComesInTime_RaceCondition) {
    auto main = []() -> Coro<int> {
        const Future<int> future(EventLoop::running());
        EventLoop::running().call_later(100ms, [future] { future.set_result(7); });
        co_return co_await wait_for(future, 200ms);
    };
    EXPECT_EQ(run_virtually(main), 7);
}

TEST(WaitFor, GivesAValueThatSwallowedTheCancellation_CancellationRaceCondition) {
    auto swallows = []() -> Coro<int> {
        try {
            co_await sleep_for(1s);
        } catch (const Cancelled&) {
        }
        co_return 42;
    };
    auto main = [](Coro<int> work) -> Coro<int> { co_return co_await wait_for(std::move(work), 10ms); };
    EXPECT_EQ(run_virtually(main, swallows()), 42);
}

TEST(WaitFor, WaitsUntilATaskHasCleanedUp_WaitsForTaskCancellation) {
    auto main = [](Duration limit, Trace& trace) -> Coro<std::string> {
        const Task<int> task = create_task(cleans_up(10s, 1s, trace));
        co_await sleep_for(1ms);
        co_return co_await ending(wait_for(task, limit));
    };
    Trace trace;
    EXPECT_EQ(run_virtually(main, Duration(1ms), trace), "timed out");
    EXPECT_EQ(run_virtually(main, Duration(0s), trace), "timed out");
    EXPECT_EQ(trace, (Trace{"cleaned up", "cleaned up"}));
}

TEST(WaitFor, RaisesAnErrorOfTheCleanUp_ReraisesExceptionDuringCancellation) {
    auto fails = []() -> Coro<int> {
        try {
            co_await sleep_for(200ms);
        } catch (const Cancelled&) {
        }
        throw std::runtime_error("boom");
    };
    auto main = [](Coro<int> work, Duration limit) -> Coro<std::string> {
        const Task<int> task = create_task(std::move(work));
        co_await sleep_for(1ms);
        co_return co_await ending(wait_for(task, limit));
    };
    EXPECT_EQ(run_virtually(main, fails(), Duration(1ms)), "boom");
    EXPECT_EQ(run_virtually(main, fails(), Duration(0s)), "boom");
}

TEST(WaitFor, OfZeroPassesCancellationFromOutsideOn) {
    auto main = [](Trace& trace) -> Coro<void> {
        const Task<int> task = create_task(cleans_up(10s, 1s, trace));
        co_await sleep_for(1ms);
        const Task<int> waiting = create_task(wait_for(task, 0s));
        co_await sleep_for(10ms);
        waiting.cancel();
        co_await until_done(*waiting.state());
        EXPECT_TRUE(waiting.cancelled());
        co_await until_done(*task.state());
    };
    Trace trace;
    run_virtually(main, trace);
    EXPECT_EQ(trace, Trace{"cleaned up"});
}

Coro<void> cancel_wait_for(Duration limit) {
    auto blocks = []() -> Coro<int> {
        const Future<int> never(EventLoop::running());
        co_return co_await never;
    };
    const Task<int> task = create_task(blocks());
    const Task<int> waiting = create_task(wait_for(task, limit));
    EventLoop::running().call_soon([waiting] { waiting.cancel(); });
    co_await until_done(*waiting.state());
    EXPECT_TRUE(waiting.cancelled());
    EXPECT_TRUE(task.cancelled());
}

TEST(WaitFor, CancelledCancelsTheTaskToo_CancelWaitFor) {
    run_virtually(cancel_wait_for, Duration::max());
    run_virtually(cancel_wait_for, Duration(60s));
}

TEST(WaitFor, IsCancelledThoughItsWorkEndedAtOnce_Issue86296) {
    auto main = [](Trace& trace) -> Coro<void> {
        auto waits = [](Trace& t) -> Coro<void> {
            auto at_once = []() -> Coro<void> { co_return; };
            co_await wait_for(at_once(), 100s);
            co_await sleep_for(1s);
            t.push_back("reached the end");
        };
        const Task<void> task = create_task(waits(trace));
        co_await sleep_for(0s);
        EXPECT_FALSE(task.done());
        task.cancel();
        co_await until_done(*task.state());
        EXPECT_TRUE(task.cancelled());
    };
    Trace trace;
    run_virtually(main, trace);
    EXPECT_EQ(trace, Trace{});
}

}  // namespace
}  // namespace girin::test
