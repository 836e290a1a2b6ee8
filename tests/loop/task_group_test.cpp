// TaskGroup against CPython's test_taskgroups.py (3.13); the numbers are those of its cases.

#include "girin/loop/task_group.hpp"

#include <gtest/gtest.h>

#include "girin/loop/sleep.hpp"
#include "girin/loop/timeout.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class ZeroDivision : public std::runtime_error {
  public:
    ZeroDivision() : std::runtime_error("division by zero") {}
};
class MyError : public std::runtime_error {
  public:
    MyError() : std::runtime_error("mine") {}
};

Coro<int> gives(Duration after, int value) {
    co_await sleep_for(after);
    co_return value;
}
Coro<void> crashes(Duration after) {
    co_await sleep_for(after);
    throw ZeroDivision();
}
/// Counts up by `step` when it is cancelled.
Coro<void> counts_cancel(Duration duration, int& count, int step) {
    try {
        co_await sleep_for(duration);
    } catch (const Cancelled&) {
        count += step;
        throw;
    }
}
/// Sleeps, and whatever comes throws an error of its own.
Coro<void> ends_in_my_error() {
    try {
        co_await sleep_for(10s);
    } catch (const Cancelled&) {
    }
    throw MyError();
}

/// How a coroutine ended: "ok", "cancelled", "fatal", or the group's errors in order.
Coro<std::string> ending(Coro<void> work) {
    std::string text = "ok";
    try {
        co_await std::move(work);
    } catch (const Cancelled&) {
        text = "cancelled";
    } catch (const FatalError&) {
        text = "fatal";
    } catch (const ExceptionGroup& group) {
        text = "group:";
        for (const std::exception_ptr& one : group.exceptions()) text += " [" + Reports::what(one) + "]";
    } catch (const std::exception& error) {
        text = error.what();
    }
    co_return text;
}

/// Runs `work` as a task, cancels it after `delay`, and tells how it ended.
Coro<std::string> ending_when_cancelled(Coro<void> work, Duration delay) {
    const Task<void> task = create_task(std::move(work));
    co_await sleep_for(delay);
    EXPECT_FALSE(task.done());
    task.cancel();
    const Future<void> ended(task.base().loop());
    task.add_done_callback([ended] { ended.set_result(); });
    co_await ended;
    if (task.cancelled()) co_return "cancelled";
    auto done = [](Task<void> t) -> Coro<void> { co_await t; };
    co_return co_await ending(done(task));
}

TEST(TaskGroup, WaitsForItsChildren_01_02) {
    auto body = [](TaskGroup& group) -> Coro<int> {
        const Task<int> first = group.create_task(gives(100ms, 42));
        co_await sleep_for(150ms);
        const Task<int> second = group.create_task(gives(200ms, 11));
        co_return co_await first + co_await second;
    };
    auto main = [](auto b) -> Coro<int> { co_return co_await with_task_group(b); };
    EXPECT_EQ(run_virtually(main, body), 53);
}

TEST(TaskGroup, GoesOnWhenAChildAloneIsCancelled_03) {
    auto body = [](TaskGroup& group, std::vector<Task<int>>& tasks) -> Coro<void> {
        tasks.push_back(group.create_task(gives(1s, 42)));
        co_await sleep_for(150ms);
        tasks[0].cancel();
        tasks.push_back(group.create_task(gives(200ms, 11)));
    };
    auto main = [](auto b) -> Coro<void> {
        std::vector<Task<int>> tasks;
        co_await with_task_group(b, std::ref(tasks));
        EXPECT_TRUE(tasks[0].cancelled());
        EXPECT_EQ(tasks[1].result(), 11);
    };
    run_virtually(main, body);
}

TEST(TaskGroup, CancelsSiblingsOfAChildThatFails_04) {
    auto body = [](TaskGroup& group, int& count) -> Coro<void> {
        group.create_task(crashes(100ms));
        group.create_task(counts_cancel(1s, count, 1));
        co_return;
    };
    int count = 0;
    EXPECT_EQ(run_virtually(ending, with_task_group(body, std::ref(count))), "group: [division by zero]");
    EXPECT_EQ(count, 1);
}

TEST(TaskGroup, CancelsItsBodyAndCollectsErrorsOfTheSameTurn_CancelChildrenOnChildError) {
    auto body = [](TaskGroup& group, int& count) -> Coro<void> {
        for (int i = 0; i < 3; ++i) group.create_task(crashes(100ms));
        group.create_task(counts_cancel(5s, count, 1));
        co_await counts_cancel(10s, count, 10);
    };
    int count = 0;
    EXPECT_EQ(run_virtually(ending, with_task_group(body, std::ref(count))),
              "group: [division by zero] [division by zero] [division by zero]");
    EXPECT_EQ(count, 11);
}

TEST(TaskGroup, CancelsItsChildrenWhenItsParentIsCancelledWhileLeaving_Cancellation) {
    auto body = [](TaskGroup& group, int& count) -> Coro<void> {
        for (int i = 0; i < 5; ++i) group.create_task(counts_cancel(5s, count, 1));
        co_return;
    };
    int count = 0;
    EXPECT_EQ(run_virtually(ending_when_cancelled, with_task_group(body, std::ref(count)), 100ms), "cancelled");
    EXPECT_EQ(count, 5);
}

TEST(TaskGroup, CancelsItsChildrenWhenItsParentIsCancelledInTheBody_07) {
    auto body = [](TaskGroup& group, int& count) -> Coro<void> {
        for (int i = 0; i < 5; ++i) group.create_task(counts_cancel(5s, count, 1));
        co_await counts_cancel(10s, count, 10);
    };
    int count = 0;
    EXPECT_EQ(run_virtually(ending_when_cancelled, with_task_group(body, std::ref(count)), 100ms), "cancelled");
    EXPECT_EQ(count, 15);
}

TEST(TaskGroup, IsCancelledWhenItsChildrenWouldHaveFailed_CancellationInBody) {
    auto body = [](TaskGroup& group) -> Coro<void> {
        for (int i = 0; i < 5; ++i) group.create_task(crashes(100ms));
        co_await sleep_for(10s);
    };
    EXPECT_EQ(run_virtually(ending_when_cancelled, with_task_group(body), 50ms), "cancelled");
}

Coro<void> body_that_fails(TaskGroup& group, std::vector<Task<int>>& tasks, Duration after) {
    tasks.push_back(group.create_task(gives(1s, 42)));
    tasks.push_back(group.create_task(gives(2s, 11)));
    if (after > 0s) co_await sleep_for(after);
    throw ZeroDivision();
}

TEST(TaskGroup, CancelsItsChildrenWhenItsBodyFails_09_10) {
    for (const Duration after : {100ms, 0ms}) {
        std::vector<Task<int>> tasks;
        VirtualLoop loop;
        EXPECT_EQ(loop.run_until_complete(ending(with_task_group(body_that_fails, std::ref(tasks), after))),
                  "group: [division by zero]");
        EXPECT_TRUE(tasks[0].cancelled());
        EXPECT_TRUE(tasks[1].cancelled());
        tasks.clear();
    }
}

Coro<void> five_crashes_and_a_sleep(TaskGroup& group) {
    for (int i = 0; i < 5; ++i) group.create_task(crashes(100ms));
    co_await sleep_for(10s);
}

TEST(TaskGroup, PassesCancellationThroughNestedGroups_11_12) {
    auto outer = [](TaskGroup& group, bool with_child) -> Coro<void> {
        if (with_child) group.create_task(gives(10s, 0));
        co_await with_task_group(five_crashes_and_a_sleep);
    };
    for (const bool with_child : {false, true}) {
        EXPECT_EQ(run_virtually(ending_when_cancelled, with_task_group(outer, with_child), 50ms), "cancelled");
    }
}

Coro<void> crash_in_inner_group(TaskGroup& group, Duration after) {
    group.create_task(crashes(after));
    co_return;
}
Coro<void> crash_in_both_groups(TaskGroup& group, Duration outer, Duration inner) {
    group.create_task(crashes(outer));
    co_await with_task_group(crash_in_inner_group, inner);
}

TEST(TaskGroup, CancelsAnInnerGroupWhenAnOuterChildFails_13) {
    EXPECT_EQ(run_virtually(ending, with_task_group(crash_in_both_groups, Duration(100ms), Duration(10s))),
              "group: [division by zero]");
}

TEST(TaskGroup, WrapsTheErrorsOfAnInnerGroup_14) {
    EXPECT_EQ(run_virtually(ending, with_task_group(crash_in_both_groups, Duration(10s), Duration(100ms))),
              "group: [unhandled errors in a task group (1): division by zero]");
}

Coro<void> cleans_up_slowly(TaskGroup& group) {
    group.create_task(crashes(300ms));
    bool cancelled = false;
    try {
        co_await sleep_for(10s);
    } catch (const Cancelled&) {
        cancelled = true;
    }
    co_await sleep_for(500ms);
    if (cancelled) throw Cancelled{};
}

TEST(TaskGroup, LetsItsBodyCleanUp_15) {
    // The child fails while the body cleans up: the clean-up is cancelled, and the error takes precedence over
    // cancellation.
    EXPECT_EQ(run_virtually(ending_when_cancelled, with_task_group(cleans_up_slowly), 100ms), "group: [division by zero]");
}

TEST(TaskGroup, LetsTheBodyOfATaskThatIsAwaitedCleanUp_16) {
    auto runner = []() -> Coro<void> { co_await create_task(with_task_group(cleans_up_slowly)); };
    EXPECT_EQ(run_virtually(ending_when_cancelled, runner(), 100ms), "group: [division by zero]");
}

TEST(TaskGroup, IsCancelledWithoutChildren_17) {
    auto body = [](TaskGroup&, int& count) -> Coro<void> { co_await counts_cancel(10s, count, 10); };
    int count = 0;
    EXPECT_EQ(run_virtually(ending_when_cancelled, with_task_group(body, std::ref(count)), 100ms), "cancelled");
    EXPECT_EQ(count, 10);
}

TEST(TaskGroup, TellsAnErrorThatReplacesTheCancellation_18) {
    auto body = [](TaskGroup&) -> Coro<void> { co_await ends_in_my_error(); };
    EXPECT_EQ(run_virtually(ending_when_cancelled, with_task_group(body), 100ms), "group: [mine]");
}

TEST(TaskGroup, AddsTheErrorOfItsBodyLast_19) {
    auto body = [](TaskGroup& group) -> Coro<void> {
        group.create_task(crashes(100ms));
        co_await ends_in_my_error();
    };
    EXPECT_EQ(run_virtually(ending, with_task_group(body)), "group: [division by zero] [mine]");
}

TEST(TaskGroup, RaisesAFatalErrorOfItsBodyBare_20) {
    auto body = [](TaskGroup& group) -> Coro<void> {
        group.create_task(crashes(100ms));
        try {
            co_await sleep_for(10s);
        } catch (const Cancelled&) {
        }
        throw FatalError("stop all");
    };
    EXPECT_EQ(run_virtually(ending, with_task_group(body)), "fatal");
}

TEST(TaskGroup, RaisesAFatalErrorOfAChildBare_21) {
    // It leaves the run as well, as any task's; when the loop runs on, the group raises it.
    auto crash = []() -> Coro<void> {
        co_await sleep_for(100ms);
        throw FatalError("stop all");
    };
    auto body = [](TaskGroup& group, Coro<void> child) -> Coro<void> {
        group.create_task(std::move(child));
        co_await ends_in_my_error();
    };
    VirtualLoop loop;
    const Task<std::string> task = loop.create_task(ending(with_task_group(body, crash())));
    EXPECT_THROW(loop.run_forever(), FatalError);
    task.add_done_callback([&loop] { loop.stop(); });
    loop.run_forever();
    EXPECT_EQ(task.result(), "fatal");
}

TEST(TaskGroup, IsCancelledWhileItsChildrenSleep_22) {
    auto body = [](TaskGroup& group) -> Coro<void> {
        group.create_task(gives(1s, 42));
        group.create_task(gives(2s, 11));
        co_return;
    };
    EXPECT_EQ(run_virtually(ending_when_cancelled, with_task_group(body), 50ms), "cancelled");
}

TEST(TaskGroup, ForgetsChildrenThatHaveEnded_23) {
    auto body = [](TaskGroup& group) -> Coro<void> {
        for (int i = 0; i < 10; ++i) {
            co_await sleep_for(100ms);
            group.create_task(gives(300ms, 0));
            EXPECT_LT(group.size(), 5U);
        }
        co_await sleep_for(1350ms);
        EXPECT_EQ(group.size(), 0U);
    };
    EXPECT_EQ(run_virtually(ending, with_task_group(body)), "ok");
}

TEST(TaskGroup, LetsChildrenAddChildren_24) {
    auto root = [](TaskGroup& group, int& count) -> Coro<void> {
        co_await sleep_for(100ms);
        auto child = [](int& c, Duration delay) -> Coro<void> {
            co_await sleep_for(delay);
            ++c;
        };
        group.create_task(child(count, 100ms));
        group.create_task(child(count, 200ms));
    };
    auto body = [](TaskGroup& group, int& count, auto r) -> Coro<void> {
        group.create_task(r(group, count));
        co_return;
    };
    int count = 0;
    EXPECT_EQ(run_virtually(ending, with_task_group(body, std::ref(count), root)), "ok");
    EXPECT_EQ(count, 2);
}

Coro<void> hydra(TaskGroup& group, int& heads) {
    if (++heads > 10'000) co_return;  // no hero came
    co_await sleep_for(10ms);
    group.create_task(hydra(group, heads));
    group.create_task(hydra(group, heads));
}

TEST(TaskGroup, BeatsAHydra_25) {
    auto hercules = [](int& heads) -> Coro<void> {
        while (heads < 10) co_await sleep_for(15ms);
        throw ZeroDivision();
    };
    auto body = [](TaskGroup& group, int& heads, auto h) -> Coro<void> {
        group.create_task(hydra(group, heads));
        group.create_task(h(heads));
        co_return;
    };
    int heads = 0;
    EXPECT_EQ(run_virtually(ending, with_task_group(body, std::ref(heads), hercules)), "group: [division by zero]");
    EXPECT_GE(heads, 10);
}

TEST(TaskGroup, NamesItsTasks_TaskName) {
    auto body = [](TaskGroup& group) -> Coro<std::string> {
        co_return group.create_task(gives(0s, 0), "yolo").name();
    };
    auto main = [](auto b) -> Coro<std::string> { co_return co_await with_task_group(b); };
    EXPECT_EQ(run_virtually(main, body), "yolo");
}

TEST(TaskGroup, RefusesChildrenWhileItShutsDown_AlreadyEnteredExited) {
    auto late = [](TaskGroup& group, std::string& refusal) -> Coro<void> {
        try {
            co_await sleep_for(10s);
        } catch (const Cancelled&) {
        }
        try {
            group.create_task(gives(0s, 0));
        } catch (const LoopError& error) {
            refusal = error.what();
        }
    };
    auto body = [](TaskGroup& group, std::string& refusal, auto l) -> Coro<void> {
        group.create_task(l(group, refusal));
        co_await sleep_for(1s);
        throw ZeroDivision();
    };
    std::string refusal;
    EXPECT_EQ(run_virtually(ending, with_task_group(body, std::ref(refusal), late)), "group: [division by zero]");
    EXPECT_EQ(refusal, "the task group is shutting down");
}

TEST(TaskGroup, LeavesTheCountOfRequestsAsItWas_CancellingCount) {
    auto main = []() -> Coro<void> {
        TaskBase& self = *TaskBase::current();
        auto crash = [](TaskGroup& group) -> Coro<void> {
            group.create_task(crashes(100ms));
            co_await sleep_for(10s);
        };
        const std::string how = co_await ending(with_task_group(crash));
        EXPECT_EQ(how, "group: [division by zero]");
        EXPECT_EQ(self.cancelling(), 0);
        co_await sleep_for(1s);  // and nothing is left to be raised
    };
    run_virtually(main);
}

TEST(TaskGroup, KeepsACancellationFromOutsideForTheNextAwait_CancelFromOutsideAndError) {
    auto body = [](TaskGroup& group) -> Coro<void> {
        group.create_task(ends_in_my_error());
        co_await sleep_for(10s);
    };
    auto runner = [](Coro<void> group, Trace& trace) -> Coro<void> {
        trace.push_back(co_await ending(std::move(group)));
        trace.push_back(std::to_string(TaskBase::current()->cancelling()));
        co_await sleep_for(1s);
        trace.push_back("slept");
    };
    Trace trace;
    EXPECT_EQ(run_virtually(ending_when_cancelled, runner(with_task_group(body), trace), 100ms), "cancelled");
    EXPECT_EQ(trace, (Trace{"group: [mine]", "1"}));
}

TEST(TaskGroup, SurvivesRepeatedCancellationOfItsParent) {
    auto stubborn = []() -> Coro<void> {
        for (int i = 0; i < 3; ++i) {
            try {
                co_await sleep_for(1s);
            } catch (const Cancelled&) {
            }
        }
    };
    auto body = [](TaskGroup& group, Coro<void> child) -> Coro<void> {
        group.create_task(std::move(child));
        co_return;
    };
    auto main = [](Coro<void> group) -> Coro<Duration> {
        EventLoop& loop = EventLoop::running();
        const TimePoint began = loop.time();
        const Task<void> task = create_task(std::move(group));
        for (int i = 0; i < 2; ++i) {
            co_await sleep_for(100ms);
            task.cancel();
        }
        const Future<void> ended(loop);
        task.add_done_callback([ended] { ended.set_result(); });
        co_await ended;
        EXPECT_TRUE(task.cancelled());
        co_return loop.time() - began;
    };
    EXPECT_EQ(run_virtually(main, with_task_group(body, stubborn())), 2100ms);
}

TEST(TaskGroup, IsEndedByATimeoutAroundIt) {
    auto body = [](TaskGroup& group, int& count) -> Coro<void> {
        group.create_task(counts_cancel(10s, count, 1));
        co_await counts_cancel(10s, count, 10);
    };
    int count = 0;
    EXPECT_EQ(run_virtually(ending, timeout_at(TimePoint(1h) + 1s, with_task_group(body, std::ref(count)))), "timed out");
    EXPECT_EQ(count, 11);
}

Coro<void> nothing() { co_return; }

Duration processor_time() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

Duration time_of_children(int count) {
    auto body = [](TaskGroup& group, int children) -> Coro<void> {
        for (int i = 0; i < children; ++i) group.create_task(nothing());
        co_return;
    };
    const Duration before = processor_time();
    run_virtually([](auto b, int children) -> Coro<void> { co_await with_task_group(b, children); }, body, count);
    return processor_time() - before;
}

// FAULTS 7: each child's end looked through all others.
TEST(TaskGroup, TakesTimeInProportionToItsChildren) {
    Duration few = Duration::max(), many = Duration::max();
    for (int run = 0; run < 3; ++run) {
        few = std::min(few, time_of_children(5'000));
        many = std::min(many, time_of_children(50'000));
    }
    EXPECT_LT(many, 30 * few) << "ten times as many";
}

struct Report {
    std::string title;
    std::vector<std::string> lines;
};

TEST(TaskGroup, ReturnsWhatItsBodyReturns) {
    auto body = [](TaskGroup& group) -> Coro<Report> {
        group.create_task(gives(1s, 1));
        co_return Report{"a title that is not stored inside the string itself", {"one", "two"}};
    };
    auto main = [](auto b) -> Coro<Report> { co_return co_await with_task_group(b); };
    const Report report = run_virtually(main, body);
    EXPECT_EQ(report.lines.size(), 2U);
}

TEST(ExceptionGroup, SelectsByTypeAlsoInNestedGroups) {
    const auto zero = std::make_exception_ptr(ZeroDivision());
    const auto mine = std::make_exception_ptr(MyError());
    const auto nested = std::make_exception_ptr(ExceptionGroup("inner", {mine, zero}));
    const ExceptionGroup group("outer", {zero, nested});
    EXPECT_STREQ(group.what(), "outer (2): division by zero");
    EXPECT_EQ(group.select<ZeroDivision>().size(), 2U);
    EXPECT_EQ(group.select<MyError>(), std::vector{mine});
    EXPECT_EQ(group.select<std::logic_error>().size(), 0U);
}

/// Cancels the group after `delay`.
Coro<void> cancels_group(TaskGroup& group, Duration delay) {
    co_await sleep_for(delay);
    group.cancel();
}

TEST(TaskGroup, ThatIsCancelledEndsWithoutCancelled_cancel) {
    auto body = [](TaskGroup& group, int& count) -> Coro<void> {
        group.create_task(counts_cancel(1h, count, 1));
        group.create_task(cancels_group(group, 1s));
        co_await counts_cancel(1h, count, 10);
    };
    auto main = [](auto b, int& count) -> Coro<void> {
        co_await with_task_group(b, std::ref(count));
        EXPECT_EQ(TaskBase::current()->cancelling(), 0);
        co_await sleep_for(1s);  // nothing is left of it
    };
    int count = 0;
    VirtualLoop loop;
    loop.run_until_complete(main(body, count));
    EXPECT_EQ(count, 11);
    EXPECT_EQ(loop.elapsed(), 2s);
}

TEST(TaskGroup, MayBeCancelledByItsBodyAndTwice_cancel) {
    auto body = [](TaskGroup& group, bool waits, int& count) -> Coro<void> {
        group.create_task(counts_cancel(1h, count, 1));
        co_await sleep_for(0s);
        group.cancel();
        group.cancel();
        EXPECT_THROW(group.create_task(gives(0s, 1)), LoopError);
        if (waits) co_await counts_cancel(1h, count, 10);
    };
    for (const bool waits : {false, true}) {
        int count = 0;
        EXPECT_EQ(run_virtually(ending, with_task_group(body, waits, std::ref(count))), "ok");
        EXPECT_EQ(count, waits ? 11 : 1);
    }
}

TEST(TaskGroup, ThatIsCancelledRaisesErrorsAllTheSame_cancel) {
    auto body = [](TaskGroup& group) -> Coro<void> {
        group.create_task(ends_in_my_error());
        group.create_task(cancels_group(group, 1s));
        co_await sleep_for(1h);
    };
    EXPECT_EQ(run_virtually(ending, with_task_group(body)), "group: [mine]");
}

TEST(TaskGroup, ThatIsCancelledGivesNoValue_cancel) {
    auto body = [](TaskGroup& group) -> Coro<int> {
        group.create_task(cancels_group(group, 1s));
        co_await sleep_for(1h);
        co_return 1;
    };
    auto main = [](auto b) -> Coro<void> {
        bool raised = false;
        try {
            co_await with_task_group(b);
        } catch (const TaskGroupCancelled&) {
            raised = true;
        }
        EXPECT_TRUE(raised);
    };
    run_virtually(main, body);
}

TEST(TaskGroup, ThatIsCancelledSwallowsNobodyElsesCancel_Issue155433) {
    auto cleans_up = []() -> Coro<void> {
        try {
            co_await sleep_for(1h);
        } catch (const Cancelled&) {
        }
        co_await sleep_for(5s);
    };
    auto body = [](TaskGroup& group, auto work) -> Coro<void> {
        group.create_task(work());
        group.create_task(cancels_group(group, 1s));
        co_await sleep_for(1h);
    };
    // The time limit comes while the group, which is being cancelled, waits for its children.
    auto main = [](auto b, auto work) -> Coro<std::string> {
        std::string how = "ok";
        try {
            co_await timeout(3s, with_task_group(b, work));
        } catch (const TimeoutError&) {
            how = "timed out";
        }
        co_return how;
    };
    EXPECT_EQ(run_virtually(main, body, cleans_up), "timed out");
}

TEST(ExceptionGroup, IsSplitByKindAndKeepsItsNesting) {
    const auto division = std::make_exception_ptr(ZeroDivision());
    const auto mine = std::make_exception_ptr(MyError());
    const ExceptionGroup inner("inner", {division, mine});
    const ExceptionGroup outer("outer", {mine, std::make_exception_ptr(inner), division});
    const auto [matching, rest] = outer.split<MyError>();
    ASSERT_TRUE(matching && rest);
    EXPECT_EQ(matching->exceptions().size(), 2U);
    EXPECT_EQ(matching->exceptions()[0], mine);
    EXPECT_EQ(Reports::what(matching->exceptions()[1]), "inner (1): mine");
    EXPECT_EQ(rest->exceptions().size(), 2U);
    EXPECT_EQ(Reports::what(rest->exceptions()[0]), "inner (1): division by zero");
    EXPECT_EQ(rest->exceptions()[1], division);
    EXPECT_FALSE(outer.split<std::bad_alloc>().first);
    EXPECT_FALSE(outer.split<std::exception>().second);
    EXPECT_EQ(outer.subgroup<ZeroDivision>()->select<ZeroDivision>().size(), 2U);
}

}  // namespace
}  // namespace girin::test
