// What tasks are used with every day: names, eager starts, context variables, async generators, finally, awaitables of
// every kind, lengths of time in any unit.

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "girin/loop/async_generator.hpp"
#include "girin/loop/executor.hpp"
#include "girin/loop/finally.hpp"
#include "girin/loop/runner.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/sync/queue.hpp"
#include "girin/loop/task_group.hpp"
#include "girin/loop/timeout.hpp"
#include "tests/loop/cancel_everywhere.hpp"
#include "tests/loop/endings.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

Coro<void> nothing() { co_return; }
Coro<int> gives(Duration after, int value) {
    co_await sleep_for(after);
    co_return value;
}

TEST(TaskName, IsANumberUntilItIsGiven_bare_create_named_task) {
    auto main = []() -> Coro<void> {
        const Task<void> first = create_task(nothing());
        const Task<void> second = create_task(nothing());
        const Task<void> named = create_task(nothing(), "reader");
        EXPECT_EQ(first.name(), "Task-2");  // the main task is the first
        EXPECT_EQ(second.name(), "Task-3");
        EXPECT_EQ(named.name(), "reader");
        second.set_name("writer");
        EXPECT_EQ(second.name(), "writer");
        EXPECT_EQ(TaskBase::current()->name(), "main");
        co_return;
    };
    run_virtually(main);
}

TEST(Task, IsAFutureAndEqualsItself) {
    auto main = []() -> Coro<void> {
        const Task<int> task = create_task(gives(1s, 7));
        const Task<int> same = task;
        const Task<int> other = create_task(gives(1s, 7));
        const Future<int> future = task;
        EXPECT_EQ(task, same);
        EXPECT_NE(task, other);
        EXPECT_EQ(future, task);
        EXPECT_THROW(future.set_result(1), LoopError);  // set_result_causes_invalid_state
        EXPECT_THROW(future.set_exception(std::make_exception_ptr(1)), LoopError);
        const int value = co_await future;
        EXPECT_EQ(value, 7);
        EXPECT_EQ(ensure_future(task), task);  // ensure_future_task
    };
    run_virtually(main);
}

TEST(Task, MayGiveAReference) {
    auto main = []() -> Coro<void> {
        int place = 1;
        auto refers = [](int& to) -> Coro<int&> {
            co_await sleep_for(1s);
            co_return to;
        };
        const Task<int&> task = create_task(refers(place));
        int& first = co_await task;
        int& second = co_await wait_for(create_task(refers(place)), 2s);
        EXPECT_EQ(&first, &place);
        EXPECT_EQ(&second, &place);
        EXPECT_EQ(&task.result(), &place);
    };
    run_virtually(main);
}

TEST(Future, TakesACallbackBack_remove_done_callback) {
    auto main = []() -> Coro<void> {
        Trace trace;
        const Future<int> future(EventLoop::running());
        Handle gone = future.add_done_callback([&trace] { trace.push_back("gone"); });
        future.add_done_callback([&trace] { trace.push_back("called"); });
        gone.cancel();
        future.set_result(1);
        co_await sleep_for(0s);
        EXPECT_EQ(trace, Trace{"called"});
    };
    run_virtually(main);
}

TEST(Future, WhoseCallbackHoldsItGoesWithItsLoop) {
    auto token = std::make_shared<int>(1);
    const std::weak_ptr<int> seen = token;
    {
        VirtualLoop loop;
        const Task<int> task = loop.create_task(gives(1h, 1));
        task.add_done_callback([task, kept = std::move(token)] {});
        loop.stop();
        loop.run_forever();
    }
    EXPECT_TRUE(seen.expired());
}

TEST(EagerTask, MakesItsFirstStepAtOnce) {
    auto main = [](Trace& trace) -> Coro<void> {
        auto work = [](Trace& t, Duration pause) -> Coro<int> {
            t.push_back(TaskBase::current()->name() + " begins");
            if (pause > 0s) co_await sleep_for(pause);
            co_return 7;
        };
        TaskOptions options = TaskOptions::eagerly();
        options.name = "eager";
        const Task<int> done = create_task(work(trace, 0s), options);
        EXPECT_TRUE(done.done());
        EXPECT_EQ(done.result(), 7);
        EXPECT_EQ(TaskBase::current()->name(), "main");
        options.name = "waiting";
        const Task<int> waits = create_task(work(trace, 1s), options);
        EXPECT_FALSE(waits.done());
        EXPECT_EQ(trace, (Trace{"eager begins", "waiting begins"}));
        const int value = co_await waits;
        EXPECT_EQ(value, 7);
        auto fails = []() -> Coro<void> {
            throw std::runtime_error("at once");
            co_return;
        };
        const Task<void> failed = create_task(fails(), TaskOptions::eagerly());
        EXPECT_THROW(failed.result(), std::runtime_error);
    };
    Trace trace;
    run_virtually(main, trace);
}

Coro<int> eager_chain(int left) {
    if (left == 0) co_return 0;
    const int below = co_await create_task(eager_chain(left - 1), TaskOptions::eagerly());
    co_return below + 1;
}

TEST(EagerTask, IsBoundedInDepthAndStartsLaterElsewhere) {
    EXPECT_EQ(run_virtually(eager_chain, 5000), 5000);
    VirtualLoop loop;
    const Task<int> task = loop.create_task(gives(0s, 1), TaskOptions::eagerly());
    EXPECT_FALSE(task.done());
    EXPECT_EQ(loop.run_until_complete(task), 1);
}

TEST(RunUntilComplete, LeavesTheValueWithTheTaskThatItIsGiven) {
    auto text = []() -> Coro<std::string> { co_return std::string(100, 'a'); };
    VirtualLoop loop;
    const Task<std::string> task = loop.create_task(text());
    EXPECT_EQ(loop.run_until_complete(task), std::string(100, 'a'));
    EXPECT_EQ(task.result(), std::string(100, 'a'));
}

TEST(EagerTask, OfAGroupMayCancelTheGroup) {
    auto body = [](TaskGroup& group) -> Coro<void> {
        auto cancels = [](TaskGroup& g) -> Coro<void> {
            g.cancel();
            co_await sleep_for(1h);
        };
        group.create_task(cancels(group), TaskOptions::eagerly());
        co_await sleep_for(1h);
    };
    VirtualLoop loop;
    loop.run_until_complete(with_task_group(body));
    EXPECT_EQ(loop.elapsed(), 0s);
}

ContextVar<std::string> request("request", "none");

Coro<std::string> asks() {
    co_await sleep_for(1s);
    co_return request.get();
}

TEST(ContextVar, BelongsToTheTaskThatSetsIt_context_1_2_3) {
    auto main = []() -> Coro<void> {
        auto sets = [](std::string value) -> Coro<std::string> {
            request.set(value);
            co_await sleep_for(1s);
            const std::string child = co_await create_task(asks());
            EXPECT_EQ(child, value);
            co_return request.get();
        };
        const Task<std::string> a = create_task(sets("a"));
        const Task<std::string> b = create_task(sets("b"));
        const std::string of_a = co_await a;
        const std::string of_b = co_await b;
        EXPECT_EQ(of_a, "a");
        EXPECT_EQ(of_b, "b");
        EXPECT_EQ(request.get(), "none");
    };
    run_virtually(main);
    EXPECT_EQ(request.get(), "none");
}

TEST(ContextVar, IsCopiedAsATaskIsMade) {
    auto main = []() -> Coro<void> {
        request.set("before");
        const Task<std::string> task = create_task(asks());
        request.set("after");
        const std::string value = co_await task;
        EXPECT_EQ(value, "before");
        EXPECT_EQ(request.get(), "after");
    };
    run_virtually(main);
}

TEST(ContextVar, GoesWithCallbacksAndJobs_context_4) {
    auto main = [](Trace& trace) -> Coro<void> {
        EventLoop& loop = EventLoop::running();
        request.set("mine");
        const Future<void> future(loop);
        loop.call_soon([&] { trace.push_back("soon " + request.get()); });
        loop.call_later(1ms, [&] {
            trace.push_back("later " + request.get());
            request.set("the callback's");
        });
        future.add_done_callback([&] { trace.push_back("done " + request.get()); });
        future.set_result();
        request.set("changed");
        const std::string in_thread = co_await to_thread([] { return request.get(); });
        co_await sleep_for(2ms);
        trace.push_back("job " + in_thread);
        trace.push_back("task " + request.get());
    };
    Trace trace;
    run(main(trace));
    EXPECT_EQ(trace, (Trace{"soon mine", "done mine", "later mine", "job changed", "task changed"}));
}

TEST(ContextVar, IsResetAndRefusedWithoutAValue) {
    ContextVar<int> bare("bare");
    EXPECT_THROW(bare.get(), std::out_of_range);
    EXPECT_EQ(bare.get(3), 3);
    ContextVar<int>::Token first = bare.set(1);
    ContextVar<int>::Token second = bare.set(2);
    EXPECT_EQ(bare.get(), 2);
    bare.reset(std::move(second));
    EXPECT_EQ(bare.get(), 1);
    bare.reset(std::move(first));
    EXPECT_THROW(bare.get(), std::out_of_range);
}

TEST(ContextVar, IsSetInAContextOfItsOwn_context_5) {
    Context context = Context::current();
    context.run([] { request.set("inside"); });
    EXPECT_EQ(request.get(), "none");
    EXPECT_EQ(context.run([] { return request.get(); }), "inside");
    auto main = [](Context c) -> Coro<std::string> {
        TaskOptions options;
        options.context = c;
        co_return co_await create_task(asks(), options);
    };
    EXPECT_EQ(run_virtually(main, context), "inside");
}

TEST(ContextVar, OfAThreadEndsWithIt) {
    std::thread([] { request.set("a thread's"); }).join();
    EXPECT_EQ(request.get(), "none");
}

AsyncGenerator<int> counts(int to, Duration pause) {
    for (int i = 0; i < to; ++i) {
        if (pause > 0s) co_await sleep_for(pause);
        co_yield i;
    }
}

TEST(AsyncGenerator, GivesOneValueAfterTheOther) {
    auto main = [](Duration pause) -> Coro<std::vector<int>> {
        std::vector<int> values;
        AsyncGenerator<int> numbers = counts(4, pause);
        while (true) {
            const std::optional<int> one = co_await numbers.next();
            if (!one) break;
            values.push_back(*one);
        }
        const auto after_the_end = co_await numbers.next();
        EXPECT_FALSE(after_the_end);
        co_return values;
    };
    EXPECT_EQ(run_virtually(main, Duration(0s)), (std::vector<int>{0, 1, 2, 3}));
    EXPECT_EQ(run_virtually(main, Duration(1s)), (std::vector<int>{0, 1, 2, 3}));
}

TEST(AsyncGenerator, OfManyValuesNeedsNoStack) {
    auto main = []() -> Coro<int> {
        int sum = 0;
        AsyncGenerator<int> numbers = counts(100'000, 0s);
        while (true) {
            const std::optional<int> one = co_await numbers.next();
            if (!one) break;
            ++sum;
        }
        co_return sum;
    };
    EXPECT_EQ(run_virtually(main), 100'000);
}

AsyncGenerator<int> nested(int levels) {
    if (levels == 0) {
        co_yield 1;
        co_return;
    }
    AsyncGenerator<int> inner = nested(levels - 1);
    while (true) {
        const std::optional<int> value = co_await inner.next();
        if (!value) break;
        co_yield *value;
    }
}

TEST(AsyncGenerator, OfManyLevelsNeedsNoStack) {
    auto main = []() -> Coro<int> {
        AsyncGenerator<int> generator = nested(100'000);
        int sum = 0;
        while (true) {
            const std::optional<int> value = co_await generator.next();
            if (!value) break;
            sum += *value;
        }
        co_return sum;
    };
    EXPECT_EQ(run_virtually(main), 1);
}

TEST(AsyncGenerator, RaisesWhatItsBodyRaisesOnce) {
    auto fails = []() -> AsyncGenerator<int> {
        co_yield 1;
        co_await sleep_for(1s);
        throw std::runtime_error("broken");
    };
    auto main = [](AsyncGenerator<int> numbers) -> Coro<void> {
        const auto first = co_await numbers.next();
        EXPECT_EQ(first, 1);
        const std::string how = co_await ending(numbers.next());
        EXPECT_EQ(how, "broken");
        const auto after = co_await numbers.next();
        EXPECT_FALSE(after);
    };
    run_virtually(main, fails());
}

TEST(AsyncGenerator, CleansUpWhenItIsClosed) {
    Trace trace;
    auto cleans_up = [](Trace& t) -> AsyncGenerator<int> {
        bool closed = false;
        try {
            while (true) co_yield 1;
        } catch (const GeneratorExit&) {
            closed = true;
        }
        co_await sleep_for(1s);
        t.push_back(closed ? "cleaned up" : "?");
    };
    auto main = [](AsyncGenerator<int> numbers, Trace& t) -> Coro<void> {
        co_await numbers.next();
        co_await numbers.aclose();
        t.push_back("closed");
        co_await numbers.aclose();
        const auto after = co_await numbers.next();
        EXPECT_FALSE(after);
        AsyncGenerator<int> never_begun = counts(3, 0s);
        co_await never_begun.aclose();
        const auto none = co_await never_begun.next();
        EXPECT_FALSE(none);
    };
    run_virtually(main, cleans_up(trace), trace);
    EXPECT_EQ(trace, (Trace{"cleaned up", "closed"}));
}

TEST(AsyncGenerator, MayNotGiveMoreWhenItIsClosed) {
    auto goes_on = []() -> AsyncGenerator<int> {
        for (int i = 0; i < 2; ++i) {
            try {
                co_yield i;
            } catch (const GeneratorExit&) {
            }
        }
    };
    auto main = [](AsyncGenerator<int> numbers) -> Coro<void> {
        co_await numbers.next();
        const std::string how = co_await ending(numbers.aclose());
        EXPECT_EQ(how, "the async generator gave a value when it was closed");
    };
    run_virtually(main, goes_on());
}

TEST(AsyncGenerator, IsAskedByOneAtATimeAndMayBeDropped) {
    auto main = []() -> Coro<void> {
        AsyncGenerator<int> numbers = counts(3, 1s);
        const auto first = create_task(numbers.next());
        co_await sleep_for(0s);
        const std::string how = co_await ending(numbers.next());
        EXPECT_EQ(how, "the async generator is running already");
        const auto value = co_await first;
        EXPECT_EQ(value, 0);
        const std::string limited = co_await ending(wait_for(numbers.next(), 500ms));
        EXPECT_EQ(limited, "timed out");
        const auto ended = co_await numbers.next();  // the cancellation went through it
        EXPECT_FALSE(ended);
        AsyncGenerator<int> dropped = counts(3, 0s);
        co_await dropped.next();
    };
    run_virtually(main);
}

Coro<void> notes(Trace& trace, std::string text, Duration pause = 1s) {
    co_await sleep_for(pause);
    trace.push_back(text);
}

TEST(Finally, CleansUpHoweverTheWorkEnds) {
    Trace trace;
    auto main = [](Trace& t) -> Coro<void> {
        const int value = co_await finally(gives(1s, 7), notes(t, "after a value"));
        EXPECT_EQ(value, 7);
        auto fails = []() -> Coro<int> {
            throw std::runtime_error("work");
            co_return 1;
        };
        std::string how = co_await ending(finally(fails(), notes(t, "after an error")));
        EXPECT_EQ(how, "work");
        auto cleans = [&t] { return notes(t, "after a cancel"); };
        const Task<int> task = create_task(finally(gives(1h, 1), cleans));
        co_await sleep_for(1s);
        task.cancel();
        how = co_await ending(as_coro(task));
        EXPECT_EQ(how, "cancelled");
        EXPECT_TRUE(task.cancelled());
        co_await finally(sleep_for(1s), sleep_for(1s));
        auto bad_cleanup = []() -> Coro<void> {
            throw std::runtime_error("clean-up");
            co_return;
        };
        how = co_await ending(finally(fails(), bad_cleanup()));
        EXPECT_EQ(how, "clean-up");
    };
    run_virtually(main, trace);
    EXPECT_EQ(trace, (Trace{"after a value", "after an error", "after a cancel"}));
}

TEST(CancelEverywhere, CleansUpWhenWorkHadBegun) {
    cancel_everywhere([](VirtualLoop& loop) {
        auto state = std::make_shared<std::pair<bool, bool>>();
        auto work = [](std::shared_ptr<std::pair<bool, bool>> s) -> Coro<void> {
            s->first = true;
            co_await sleep_for(1s);
            co_await sleep_for(1s);
        };
        auto clean_up = [state]() -> Coro<void> {
            state->second = true;
            co_await sleep_for(1s);
        };
        return std::pair(loop.create_task(finally(work(state), clean_up)),
                         [state](const Task<void>&) { EXPECT_EQ(state->first, state->second); });
    });
}

TEST(Delay, IsInAnyUnit) {
    auto main = []() -> Coro<Duration> {
        const TimePoint before = EventLoop::running().time();
        co_await sleep_for(0.5s);
        co_await sleep_for(std::chrono::duration<float>(0.25f));
        co_await sleep_for(std::chrono::minutes(1));
        co_await sleep_for(-1.5s);
        co_return EventLoop::running().time() - before;
    };
    EXPECT_EQ(run_virtually(main), 60'750ms);
    EXPECT_EQ(Duration(Delay(std::chrono::hours(1L << 40))), Duration::max());
    EXPECT_EQ(Duration(Delay(-1e300 * 1s)), Duration::min());
    EXPECT_THROW(Delay(std::numeric_limits<double>::quiet_NaN() * 1s), std::invalid_argument);  // sleep_when_delay_is_nan
}

TEST(Awaitables, OfEveryKindHaveTimeLimitsAndTasks) {
    auto main = []() -> Coro<void> {
        Queue<int> queue;
        const std::string how = co_await ending(wait_for(queue.get(), 0.1s));
        EXPECT_EQ(how, "timed out");
        const std::string slept = co_await ending(wait_for(sleep_for(1h), 1s));
        EXPECT_EQ(slept, "timed out");
        const std::string none = co_await ending(wait_for(sleep_for(0s), 0s));
        EXPECT_EQ(none, "timed out");
        co_await timeout(2s, sleep_for(1s));
        const Task<void> task = ensure_future(sleep_for(1s));
        co_await task;
        auto body = [](TaskGroup& group) -> Coro<void> {
            group.create_task(sleep_for(1s));
            group.create_task(gives(1s, 1));
            co_return;
        };
        co_await with_task_group(body);
    };
    run_virtually(main);
}

TEST(TaskGroup, MayHaveABodyThatCaptures) {
    auto main = []() -> Coro<int> {
        const std::string text = "captured";
        int length = 0;
        auto body = [text, &length](TaskGroup& group) -> Coro<void> {
            group.create_task(gives(1s, 1));
            co_await sleep_for(1s);
            length = int(text.size());
        };
        co_await with_task_group(body);
        co_return length;
    };
    EXPECT_EQ(run_virtually(main), 8);
}

}  // namespace
}  // namespace girin::test
