// wait and as_completed against CPython's test_tasks.py (3.13); ASYNCIO.md has the table.

#include "girin/loop/as_completed.hpp"

#include <gtest/gtest.h>

#include "girin/loop/sleep.hpp"
#include "tests/loop/cancel_everywhere.hpp"
#include "tests/loop/endings.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
using Tasks = std::vector<Task<int>>;

Coro<int> gives(Duration after, int value) {
    co_await sleep_for(after);
    co_return value;
}
Coro<int> fails(Duration after) {
    co_await sleep_for(after);
    throw std::runtime_error("failed");
}
/// Tasks that take so many seconds; a negative number fails.
Tasks tasks_of(std::initializer_list<int> seconds) {
    Tasks tasks;
    for (const int s : seconds) {
        const Duration after = std::chrono::seconds(std::abs(s));
        tasks.push_back(create_task(s < 0 ? fails(after) : gives(after, s)));
    }
    return tasks;
}

struct Ended {
    std::size_t done;
    std::size_t pending;
    Duration after;
    bool operator==(const Ended&) const = default;
};

Coro<Ended> wait_for_tasks(Tasks tasks, Duration limit, ReturnWhen when) {
    const TimePoint before = EventLoop::running().time();
    const Tasks kept = tasks;
    const WaitResult<Task<int>> result = co_await wait(std::move(tasks), limit, when);
    for (const Task<int>& task : result.done) EXPECT_TRUE(task.done());
    for (const Task<int>& task : result.pending) EXPECT_FALSE(task.done());
    const Duration after = EventLoop::running().time() - before;
    for (const Task<int>& task : kept) {
        if (task.done()) static_cast<void>(task.exception());
        task.cancel();
    }
    co_return Ended{result.done.size(), result.pending.size(), after};
}
Ended waits(std::initializer_list<int> seconds, Duration limit, ReturnWhen when) {
    auto main = [](std::vector<int> s, Duration l, ReturnWhen w) -> Coro<Ended> {
        Tasks tasks;
        for (const int one : s) tasks.push_back(tasks_of({one}).front());
        co_return co_await wait_for_tasks(std::move(tasks), l, w);
    };
    return run_virtually(main, std::vector<int>(seconds), limit, when);
}

TEST(Wait, WaitsForAll_wait) {
    EXPECT_EQ(waits({1, 3, 2}, Duration::max(), ALL_COMPLETED), (Ended{3, 0, 3s}));
    EXPECT_EQ(waits({1, -1, 2}, Duration::max(), ALL_COMPLETED), (Ended{3, 0, 2s}));  // wait_with_exception
}

TEST(Wait, WaitsForTheFirst_wait_first_completed) {
    EXPECT_EQ(waits({10, 1}, Duration::max(), FIRST_COMPLETED), (Ended{1, 1, 1s}));
    EXPECT_EQ(waits({1, 1, 5}, Duration::max(), FIRST_COMPLETED), (Ended{2, 1, 1s}));  // wait_really_done
}

TEST(Wait, WaitsForTheFirstThatFails_wait_first_exception) {
    EXPECT_EQ(waits({1, -2, 10}, Duration::max(), FIRST_EXCEPTION), (Ended{2, 1, 2s}));
    EXPECT_EQ(waits({1, 2}, Duration::max(), FIRST_EXCEPTION), (Ended{2, 0, 2s}));
    auto cancelled_is_none = []() -> Coro<void> {
        Tasks tasks = tasks_of({1, 5});
        EventLoop::running().call_later(2s, [task = tasks[1]] { task.cancel(); });
        const auto result = co_await wait(tasks, FIRST_EXCEPTION);
        EXPECT_EQ(result.done.size(), 2U);
    };
    run_virtually(cancelled_is_none);
}

TEST(Wait, EndsWithItsLimitAndRaisesNothing_wait_with_timeout) {
    EXPECT_EQ(waits({1, 5}, 2s, ALL_COMPLETED), (Ended{1, 1, 2s}));
    EXPECT_EQ(waits({1, 5}, 0s, ALL_COMPLETED), (Ended{0, 2, 0s}));
    EXPECT_EQ(waits({1, 2}, 10s, ALL_COMPLETED), (Ended{2, 0, 2s}));  // wait_concurrent_complete
}

TEST(Wait, KeepsTheOrderAndCountsEachOnce_wait_duplicate) {
    auto main = []() -> Coro<void> {
        const Tasks tasks = tasks_of({3, 1});
        Tasks twice = tasks;
        twice.insert(twice.end(), tasks.begin(), tasks.end());
        const auto result = co_await wait(std::move(twice));
        EXPECT_EQ(result.done, tasks);
    };
    run_virtually(main);
}

TEST(Wait, TakesCoroutinesAndMixedKinds) {
    auto main = []() -> Coro<void> {
        std::vector<Coro<int>> works;
        works.push_back(gives(1s, 1));
        works.push_back(gives(2s, 2));
        const auto result = co_await wait(std::move(works), FIRST_COMPLETED);
        EXPECT_EQ(result.done.front().result(), 1);
        const Future<std::string> text(EventLoop::running());
        std::vector<AnyFuture> mixed{result.pending.front(), text};
        const auto some = co_await wait(mixed, FIRST_COMPLETED);
        EXPECT_EQ(some.done, (std::vector<AnyFuture>{result.pending.front()}));
        EXPECT_EQ(some.pending, (std::vector<AnyFuture>{text}));
        co_await some.done.front();
    };
    run_virtually(main);
}

TEST(Wait, IsForAtLeastOne_wait_errors) {
    EXPECT_EQ(run_virtually(ending<WaitResult<Task<int>>>, wait(Tasks())), "wait() waits for at least one");
}

TEST(Wait, CancelsNothingWhenItIsCancelled_yield_wait_does_not_shield_cancel) {
    auto main = []() -> Coro<void> {
        const Tasks tasks = tasks_of({5});
        const auto waiting = create_task(wait(tasks));
        co_await sleep_for(1s);
        waiting.cancel();
        const std::string how = co_await ending(as_coro(waiting));
        EXPECT_EQ(how, "cancelled");
        const int value = co_await tasks.front();
        EXPECT_EQ(value, 5);
    };
    run_virtually(main);
}

Coro<std::vector<int>> in_order(std::vector<Coro<int>> works) {
    std::vector<int> values;
    auto completed = as_completed(std::move(works));
    while (completed.more()) {
        const Task<int> next = co_await completed.next();
        const int value = co_await next;
        values.push_back(value);
    }
    co_return values;
}

TEST(AsCompleted, GivesThemAsTheyComplete_as_completed) {
    auto main = []() -> Coro<void> {
        std::vector<Coro<int>> works;
        for (const int s : {2, 1, 3}) works.push_back(gives(std::chrono::seconds(s), s));
        const std::vector<int> values = co_await in_order(std::move(works));
        EXPECT_EQ(values, (std::vector<int>{1, 2, 3}));
    };
    run_virtually(main);
}

TEST(AsCompleted, GivesTheSameTasksThatItWasGiven_same_tasks_in_as_out_duplicates) {
    auto main = []() -> Coro<void> {
        const Tasks tasks = tasks_of({2, 1});
        auto completed = as_completed(std::vector<Task<int>>{tasks[0], tasks[1], tasks[0]});
        const Task<int> first = co_await completed.next();
        const Task<int> second = co_await completed.next();
        EXPECT_EQ(first, tasks[1]);
        EXPECT_EQ(second, tasks[0]);
        EXPECT_FALSE(completed.more());
        EXPECT_THROW(static_cast<void>(completed.next()), LoopError);
    };
    run_virtually(main);
}

TEST(AsCompleted, RaisesForEachThatIsLateAndCancelsNone_as_completed_with_timeout) {
    auto main = []() -> Coro<void> {
        const Tasks tasks = tasks_of({1, 5, 6});
        auto completed = as_completed(tasks, 2s);
        const Task<int> first = co_await completed.next();
        EXPECT_EQ(first, tasks[0]);
        for (int i = 0; i < 2; ++i) {
            const std::string how = co_await ending(completed.next());
            EXPECT_EQ(how, "timed out");
        }
        EXPECT_FALSE(completed.more());
        EXPECT_EQ(EventLoop::running().time() - TimePoint(1h), 2s);
        const int value = co_await tasks[1];
        EXPECT_EQ(value, 5);
        tasks[2].cancel();
        co_await sleep_for(0s);
    };
    run_virtually(main);
}

TEST(AsCompleted, RefusesThoseOfAnotherLoop) {
    VirtualLoop other;
    const std::vector<Future<void>> foreign{Future<void>(other)};
    auto main = [](std::vector<Future<void>> futures) -> Coro<void> {
        EXPECT_THROW(as_completed(futures), LoopError);
        co_return;
    };
    run_virtually(main, foreign);
}

TEST(AsCompleted, HasTimeWhenAllIsInTime_as_completed_with_unused_timeout) {
    auto main = []() -> Coro<void> {
        auto completed = as_completed(tasks_of({1}), 10s);
        const Task<int> one = co_await completed.next();
        EXPECT_EQ(one.result(), 1);
    };
    run_virtually(main);
}

TEST(AsCompleted, MayBeAskedBySeveral_as_completed_concurrent_reverse_wait) {
    auto main = []() -> Coro<void> {
        auto completed = as_completed(tasks_of({2, 1}));
        const auto a = create_task(completed.next());
        const auto b = create_task(completed.next());
        EXPECT_FALSE(completed.more());
        const Task<int> second = co_await b;
        const Task<int> first = co_await a;
        EXPECT_EQ(first.result(), 1);
        EXPECT_EQ(second.result(), 2);
    };
    run_virtually(main);
}

TEST(AsCompleted, LosesNothingToWhoIsCancelledAndLeft_as_completed_resume_iterator) {
    auto main = []() -> Coro<void> {
        auto completed = as_completed(tasks_of({2, 1}));
        const auto asking = create_task(completed.next());
        co_await sleep_for(0s);
        asking.cancel();
        co_await sleep_for(0s);
        EXPECT_TRUE(asking.cancelled());
        const Task<int> first = co_await completed.next();
        EXPECT_EQ(first.result(), 1);
        EXPECT_TRUE(completed.more());  // dropped with one that still runs
    };
    run_virtually(main);
}

TEST(CancelEverywhere, LeavesWhatIsWaitedForAlone) {
    cancel_everywhere([](VirtualLoop& loop) {
        auto done = std::make_shared<int>(0);
        auto counts = [](Duration after, std::shared_ptr<int> d) -> Coro<void> {
            co_await sleep_for(after);
            ++*d;
        };
        std::vector<Task<void>> tasks;
        for (const Duration after : {1s, 2s, 3s}) tasks.push_back(loop.create_task(counts(after, done)));
        auto work = [](std::vector<Task<void>> t) -> Coro<void> {
            co_await wait(t, 1500ms, FIRST_EXCEPTION);
            co_await wait(t, FIRST_COMPLETED);
            auto completed = as_completed(t);
            while (completed.more()) co_await completed.next();
        };
        return std::pair(loop.create_task(work(tasks)), [done](const Task<void>&) { EXPECT_EQ(*done, 3); });
    });
}

}  // namespace
}  // namespace girin::test
