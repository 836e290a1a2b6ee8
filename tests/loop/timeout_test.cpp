// Time limits against CPython's test_timeouts.py (3.13); what a case is called there follows in each name.

#include "girin/loop/timeout.hpp"

#include <gtest/gtest.h>

#include "girin/loop/sleep.hpp"
#include "tests/loop/endings.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

Coro<void> sleeps(Duration duration) { co_await sleep_for(duration); }
Coro<int> gives(Duration after, int value) {
    co_await sleep_for(after);
    co_return value;
}
/// Sleeps, and notes that it was cancelled.
Coro<void> notes_cancel(Duration duration, bool& cancelled) {
    try {
        co_await sleep_for(duration);
    } catch (const Cancelled&) {
        cancelled = true;
        throw;
    }
}
TimePoint in(Duration delay) { return later(EventLoop::running().time(), delay); }

/// The limit counts from when the coroutine runs, unlike timeout(), which counts from its call.
Coro<void> limited(Duration limit, Coro<void> work) { co_await timeout(limit, std::move(work)); }

TEST(Timeout, EndsWorkThatTakesTooLong_Basic) {
    VirtualLoop loop;
    EXPECT_EQ(loop.run_until_complete(ending(limited(10ms, sleeps(10s)))), "timed out");
    EXPECT_EQ(loop.elapsed(), 10ms);
    EXPECT_TRUE(loop.timers().empty());
}

TEST(Timeout, TakesADeadline_AtBasic) {
    auto main = []() -> Coro<std::string> { co_return co_await ending(timeout_at(in(10ms), sleeps(10s))); };
    EXPECT_EQ(run_virtually(main), "timed out");
}

TEST(Timeout, ConvertsOnlyInTheOutermostOfEqualDeadlines_Nested) {
    auto inner = [](TimePoint deadline, Trace& trace) -> Coro<void> {
        trace.push_back(co_await ending(timeout_at(deadline, sleeps(10s))));
        throw Cancelled{};
    };
    auto main = [](auto in_between) -> Coro<void> {
        Trace trace;
        const TimePoint deadline = in(10ms);
        const std::string how = co_await ending(timeout_at(deadline, in_between(deadline, trace)));
        EXPECT_EQ(how, "timed out");
        EXPECT_EQ(trace, Trace{"cancelled"});
        EXPECT_EQ(TaskBase::current()->cancelling(), 0);
    };
    run_virtually(main, inner);
}

TEST(Timeout, CancelsItsWork_WaiterCancelled) {
    bool cancelled = false;
    EXPECT_EQ(run_virtually(ending<void>, limited(10ms, notes_cancel(10s, cancelled))), "timed out");
    EXPECT_TRUE(cancelled);
}

TEST(Timeout, GivesTheResultOfWorkThatIsInTime_NotCalled) {
    VirtualLoop loop;
    auto main = []() -> Coro<int> { co_return co_await timeout(10s, gives(10ms, 7)); };
    EXPECT_EQ(loop.run_until_complete(main()), 7);
    EXPECT_EQ(loop.elapsed(), 10ms);
    EXPECT_TRUE(loop.timers().empty());
}

TEST(Timeout, IsNoneAtTheEndOfTime_Disabled) {
    VirtualLoop loop;
    EXPECT_EQ(loop.run_until_complete(ending(limited(Duration::max(), sleeps(1000h)))), "ok");
    auto at_the_end_of_time = []() -> Coro<void> { co_await timeout_at(TimePoint::max(), sleeps(1000h)); };
    EXPECT_EQ(loop.run_until_complete(ending(at_the_end_of_time())), "ok");
}

TEST(Timeout, OfZeroOrLessEndsWorkAtItsFirstWait_ZeroSleepZeroPast) {
    for (const Duration limit : {0s, -11s}) {
        EXPECT_EQ(run_virtually(ending<void>, limited(limit, sleeps(10s))), "timed out");
        EXPECT_EQ(run_virtually(ending<void>, limited(limit, sleeps(0s))), "timed out");
    }
}

TEST(Timeout, OfZeroLetsWorkEndThatNeverWaits) {
    auto at_once = []() -> Coro<void> { co_return; };
    EXPECT_EQ(run_virtually(ending<void>, limited(0s, at_once())), "ok");
}

TEST(Timeout, PassesErrorsOn_ForeignExceptionPassed) {
    auto fails = []() -> Coro<void> {
        throw std::runtime_error("boom");
        co_return;
    };
    EXPECT_EQ(run_virtually(ending<void>, limited(10ms, fails())), "boom");
}

TEST(Timeout, PassesAnErrorOnThatTheCancellationCaused_ForeignExceptionOnTimeout) {
    auto crashes = []() -> Coro<void> {
        try {
            co_await sleep_for(1s);
        } catch (const Cancelled&) {
        }
        throw std::runtime_error("boom");
    };
    auto main = [](Coro<void> work) -> Coro<void> {
        const std::string how = co_await ending(limited(10ms, std::move(work)));
        EXPECT_EQ(how, "boom");
        EXPECT_EQ(TaskBase::current()->cancelling(), 0);
        co_await sleep_for(1s);
    };
    run_virtually(main, crashes());
}

TEST(Timeout, PassesCancellationFromOutsideOn_ForeignCancelDoesntTimeout) {
    auto cancels_itself = []() -> Coro<void> {
        TaskBase::current()->cancel_task();
        co_await sleep_for(10s);
    };
    EXPECT_EQ(run_virtually(ending<void>, limited(10s, cancels_itself())), "cancelled");
}

TEST(Timeout, DoesNotCancelTheTaskItIsIn_OuterTaskIsNotCancelled) {
    auto main = []() -> Coro<void> {
        const Task<std::string> task = create_task(ending(limited(1ms, sleeps(10s))));
        co_await task;
        EXPECT_FALSE(task.cancelled());
        EXPECT_EQ(task.cancelling(), 0);
    };
    run_virtually(main);
}

Coro<void> busy(VirtualLoop& loop, Duration busy_for, Duration then_sleep) {
    loop.advance(busy_for);
    co_await sleep_for(then_sleep);
}

TEST(Timeout, LetsTheOuterOneConvertWhenBothPassedWhileTheLoopWasBusy_NestedConcurrent) {
    VirtualLoop loop;
    EXPECT_EQ(loop.run_until_complete(ending(limited(2ms, limited(5ms, busy(loop, 10ms, 1s))))), "timed out");
}

TEST(Timeout, OfTheInnerOneLeavesTheOuterOneAtWork_NestedLoopBusy) {
    VirtualLoop loop;
    auto body = [](VirtualLoop& l, Trace& trace) -> Coro<void> {
        trace.push_back(co_await ending(limited(10ms, busy(l, 50ms, 1s))));
        co_await sleep_for(10s);
    };
    Trace trace;
    EXPECT_EQ(loop.run_until_complete(ending(limited(100ms, body(loop, trace)))), "timed out");
    EXPECT_EQ(trace, Trace{"timed out"});
    EXPECT_EQ(loop.elapsed(), 100ms);
}

TEST(TimeoutScope, IsRescheduled_Reschedule) {
    auto main = []() -> Coro<void> {
        TimeoutScope scope(in(10s));
        const TimePoint deadline = in(20s);
        scope.reschedule(deadline);
        EXPECT_EQ(scope.deadline(), deadline);
        co_await sleep_for(15s);
        scope.reschedule(TimePoint::max());
        co_await sleep_for(1000h);
        EXPECT_FALSE(scope.expired());
        scope.reschedule(in(1s));
        bool cancelled = false;
        try {
            co_await sleep_for(10s);
        } catch (const Cancelled&) {
            cancelled = true;
        }
        EXPECT_TRUE(cancelled);
        EXPECT_TRUE(scope.expired());
        EXPECT_TRUE(scope.close());
        EXPECT_EQ(TaskBase::current()->cancelling(), 0);
    };
    run_virtually(main);
}

TEST(Timeout, MayStandInCleanUp_NestedInFinally) {
    auto body = [](Trace& trace) -> Coro<void> {
        bool cancelled = false;
        try {
            co_await sleep_for(1s);
        } catch (const Cancelled&) {
            cancelled = true;
        }
        trace.push_back(co_await ending(limited(10ms, sleeps(10s))));
        if (cancelled) throw Cancelled{};
    };
    Trace trace;
    EXPECT_EQ(run_virtually(ending<void>, limited(10ms, body(trace))), "timed out");
    EXPECT_EQ(trace, Trace{"timed out"});
}

/// Is cancelled, catches it, and goes on with `clean_up` while one request is still counted.
Coro<std::string> after_cancellation(Coro<void> clean_up) {
    TaskBase::current()->cancel_task();
    const std::string how = co_await ending(sleeps(1s));
    EXPECT_EQ(how, "cancelled");
    co_return co_await ending(std::move(clean_up));
}

TEST(Timeout, ConvertsAlsoAfterAnEarlierCancellation_AfterCancellation) {
    EXPECT_EQ(run_virtually(after_cancellation, limited(0s, sleeps(1s))), "timed out");
}

TEST(Timeout, PassesASecondCancellationOn_CancelInTimeoutAfterCancellation) {
    auto cancels_itself = []() -> Coro<void> {
        TaskBase::current()->cancel_task();
        co_await sleep_for(2s);
    };
    EXPECT_EQ(run_virtually(after_cancellation, limited(1s, cancels_itself())), "cancelled");
}

TEST(Timeout, LetsCancellationFromOutsideThroughThatComesWithItsOwn) {
    auto main = []() -> Coro<void> {
        const Task<std::string> task = create_task(ending(limited(1s, sleeps(10s))));
        co_await sleep_for(0s);
        task.base().loop().call_later(1s, [task] { task.cancel(); });
        const std::string how = co_await task;
        EXPECT_EQ(how, "cancelled");
        EXPECT_EQ(task.cancelling(), 1);
    };
    run_virtually(main);
}

}  // namespace
}  // namespace girin::test
