// Queues against CPython's test_queues.py (3.13); ASYNCIO.md has the table.

#include "girin/loop/sync/queue.hpp"

#include <gtest/gtest.h>

#include "girin/loop/sleep.hpp"
#include "girin/loop/timeout.hpp"
#include "tests/loop/endings.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
using Numbers = std::vector<int>;

template <class Q>
Coro<Numbers> in_and_out() {
    Q queue;
    for (const int i : {1, 3, 2}) co_await queue.put(i);
    Numbers taken;
    while (!queue.empty()) {
        const int item = co_await queue.get();
        taken.push_back(item);
    }
    co_return taken;
}

TEST(Queue, GivesItemsInItsOrder_order) {
    EXPECT_EQ(run_virtually(in_and_out<Queue<int>>), (Numbers{1, 3, 2}));
    EXPECT_EQ(run_virtually(in_and_out<LifoQueue<int>>), (Numbers{2, 3, 1}));
    EXPECT_EQ(run_virtually(in_and_out<PriorityQueue<int>>), (Numbers{1, 2, 3}));
    EXPECT_EQ((run_virtually(in_and_out<PriorityQueue<int, std::greater<>>>)), (Numbers{3, 2, 1}));
}

Coro<void> puts(Queue<int>& queue, int from, int to, Numbers& put) {
    for (int i = from; i < to; ++i) {
        co_await queue.put(i);
        put.push_back(i);
    }
}
Coro<void> gets(Queue<int>& queue, int count, Numbers& got) {
    for (int i = 0; i < count; ++i) {
        const int item = co_await queue.get();
        got.push_back(item);
    }
}

TEST(Queue, KnowsEmptyAndFull_empty_full_nonblocking) {
    Queue<int> endless;
    EXPECT_TRUE(endless.empty());
    EXPECT_THROW(endless.get_nowait(), QueueEmpty);
    for (int i = 0; i < 100; ++i) endless.put_nowait(i);
    EXPECT_FALSE(endless.full());
    EXPECT_EQ(endless.qsize(), 100U);
    EXPECT_EQ(endless.get_nowait(), 0);
    Queue<int> one(1);
    EXPECT_FALSE(one.full());
    one.put_nowait(1);
    EXPECT_TRUE(one.full());
    EXPECT_THROW(one.put_nowait(2), QueueFull);
}

TEST(Queue, HasItsPuttersWaitWhenItIsFull_maxsize) {
    auto main = []() -> Coro<void> {
        Queue<int> queue(2);
        EXPECT_EQ(queue.maxsize(), 2U);
        Numbers put;
        const Task<void> task = create_task(puts(queue, 0, 3, put));
        co_await sleep_for(0s);
        co_await sleep_for(0s);
        EXPECT_EQ(put, (Numbers{0, 1}));
        Numbers got;
        co_await gets(queue, 1, got);
        co_await sleep_for(0s);
        EXPECT_EQ(put, (Numbers{0, 1, 2}));
        co_await gets(queue, 2, got);
        EXPECT_EQ(got, (Numbers{0, 1, 2}));
        EXPECT_TRUE(task.done());
    };
    run_virtually(main);
}

TEST(Queue, HasItsGettersWait_blocking_get_wait) {
    auto main = []() -> Coro<void> {
        Queue<int> queue;
        EventLoop::running().call_later(10ms, [&queue] { queue.put_nowait(1); });
        const TimePoint before = EventLoop::running().time();
        const int item = co_await queue.get();
        EXPECT_EQ(item, 1);
        EXPECT_EQ(EventLoop::running().time() - before, 10ms);
    };
    run_virtually(main);
}

TEST(Queue, WakesAPutterWhenSomethingIsTaken_blocking_put_wait) {
    auto main = []() -> Coro<void> {
        Queue<int> queue(1);
        Numbers put;
        EventLoop::running().call_later(10ms, [&queue] { EXPECT_EQ(queue.get_nowait(), 0); });
        co_await puts(queue, 0, 2, put);
        EXPECT_EQ(put, (Numbers{0, 1}));
    };
    run_virtually(main);
}

TEST(Queue, OfOneCarriesAllFromOneToTheOther_why_are_getters_waiting) {
    auto main = []() -> Coro<void> {
        Queue<int> queue(1);
        Numbers put;
        Numbers got;
        const Task<void> producer = create_task(puts(queue, 0, 5, put));
        const Task<void> consumer = create_task(gets(queue, 5, got));
        co_await producer;
        co_await consumer;
        EXPECT_EQ(got, put);
    };
    run_virtually(main);
}

TEST(Queue, WakesAsManyPuttersAsThereIsRoomFor_why_are_putters_waiting) {
    auto main = []() -> Coro<void> {
        Queue<int> queue(2);
        Numbers put;
        std::vector<Task<void>> tasks;
        for (int i = 0; i < 4; ++i) tasks.push_back(create_task(puts(queue, i, i + 1, put)));
        co_await sleep_for(0s);
        while (!queue.empty()) queue.get_nowait();
        for (const Task<void>& task : tasks) co_await task;
        EXPECT_EQ(put, (Numbers{0, 1, 2, 3}));
    };
    run_virtually(main);
}

TEST(Queue, GoesPastAGetterThatIsCancelled_get_cancelled_race) {
    for (const bool put_first : {false, true}) {
        auto main = [](bool put_before_cancel) -> Coro<void> {
            Queue<int> queue;
            const Task<int> t1 = create_task(queue.get());
            const Task<int> t2 = create_task(queue.get());
            co_await sleep_for(0s);
            if (put_before_cancel) queue.put_nowait(1);
            t1.cancel();
            if (!put_before_cancel) queue.put_nowait(1);
            const int item = co_await t2;
            EXPECT_EQ(item, 1);
            EXPECT_TRUE(t1.cancelled());
        };
        run_virtually(main, put_first);
    }
}

TEST(Queue, LosesNoItemToAGetterThatIsCancelled_get_cancel_drop) {
    auto main = []() -> Coro<void> {
        Queue<int> queue;
        const Task<int> reader = create_task(queue.get());
        co_await sleep_for(0s);
        queue.put_nowait(1);
        queue.put_nowait(2);
        reader.cancel();
        co_await sleep_for(0s);
        EXPECT_TRUE(reader.cancelled());
        const int item = co_await queue.get();
        EXPECT_EQ(item, 1);
    };
    run_virtually(main);
}

TEST(Queue, GivesAllItemsToWhoIsNotCancelled_get_cancel_drop_many) {
    auto main = []() -> Coro<void> {
        Queue<int> queue;
        const Task<int> r1 = create_task(queue.get());
        const Task<int> r2 = create_task(queue.get());
        const Task<int> r3 = create_task(queue.get());
        co_await sleep_for(0s);
        queue.put_nowait(1);
        queue.put_nowait(2);
        r1.cancel();
        co_await r2;
        co_await r3;
        EXPECT_EQ(r2.result() + r3.result(), 3);
        EXPECT_TRUE(r1.cancelled());
    };
    run_virtually(main);
}

TEST(Queue, HoldsNoItemOfAPutterThatIsCancelled_put_cancel_drop) {
    for (const bool get_first : {false, true}) {
        auto main = [](bool get_before_cancel) -> Coro<void> {
            Queue<int> queue(1);
            Numbers put;
            queue.put_nowait(1);
            const Task<void> cancelled = create_task(puts(queue, 2, 3, put));
            const Task<void> next = create_task(puts(queue, 3, 4, put));
            co_await sleep_for(0s);
            if (get_before_cancel) { EXPECT_EQ(queue.get_nowait(), 1); }
            cancelled.cancel();
            if (!get_before_cancel) { EXPECT_EQ(queue.get_nowait(), 1); }
            co_await next;
            EXPECT_TRUE(cancelled.cancelled());
            EXPECT_EQ(put, Numbers{3});
            EXPECT_EQ(queue.get_nowait(), 3);
            EXPECT_TRUE(queue.empty());
        };
        run_virtually(main, get_first);
    }
}

TEST(Queue, ForgetsAGetterWhoseTimeIsUp_cancelled_getters_not_being_held) {
    auto main = []() -> Coro<void> {
        Queue<int> queue(5);
        const std::string how = co_await ending(wait_for(queue.get(), 100ms));
        EXPECT_EQ(how, "timed out");
        queue.put_nowait(1);
        co_await sleep_for(0s);
        EXPECT_EQ(queue.get_nowait(), 1);
    };
    run_virtually(main);
}

TEST(Queue, CarriesWhatOnlyMoves) {
    auto main = []() -> Coro<void> {
        Queue<std::unique_ptr<int>> queue;
        co_await queue.put(std::make_unique<int>(7));
        const std::unique_ptr<int> item = co_await queue.get();
        EXPECT_EQ(*item, 7);
    };
    run_virtually(main);
}

template <class Q>
class QueueOf : public testing::Test {};
using Queues = testing::Types<Queue<int>, LifoQueue<int>, PriorityQueue<int>>;
TYPED_TEST_SUITE(QueueOf, Queues);

TYPED_TEST(QueueOf, CountsWhatIsDone_task_done_join) {
    auto main = []() -> Coro<void> {
        TypeParam queue;
        EXPECT_THROW(queue.task_done(), LoopError);
        co_await queue.join();
        for (int i = 0; i < 100; ++i) queue.put_nowait(i);
        int sum = 0;
        auto work = [](TypeParam& q, int& total) -> Coro<void> {
            while (true) {
                const int item = co_await q.get();
                total += item;
                q.task_done();
            }
        };
        const Task<void> first = create_task(work(queue, sum));
        const Task<void> second = create_task(work(queue, sum));
        co_await queue.join();
        EXPECT_EQ(sum, 4950);
        EXPECT_EQ(queue.unfinished(), 0U);
        first.cancel();
        second.cancel();
        co_await sleep_for(0s);
    };
    run_virtually(main);
}

/// Nothing goes in or out any more.
template <class Q>
Coro<void> expect_shut(Q& queue) {
    const std::string put = co_await ending(queue.put(1));
    const std::string get = co_await ending(queue.get());
    EXPECT_EQ(put, "the queue is shut down");
    EXPECT_EQ(get, "the queue is shut down");
    EXPECT_THROW(queue.put_nowait(1), QueueShutDown);
    EXPECT_THROW(queue.get_nowait(), QueueShutDown);
}

TYPED_TEST(QueueOf, ThatIsShutDownEmptySendsGettersAway_shutdown_empty) {
    auto main = []() -> Coro<void> {
        TypeParam queue;
        const Task<int> getter = create_task(queue.get());
        co_await sleep_for(0s);
        queue.shutdown();
        EXPECT_TRUE(queue.is_shut_down());
        co_await queue.join();
        co_await sleep_for(0s);
        EXPECT_TRUE(getter.done());
        EXPECT_THROW(getter.result(), QueueShutDown);
        co_await expect_shut(queue);
    };
    run_virtually(main);
}

TYPED_TEST(QueueOf, ThatIsShutDownGivesWhatIsThere_shutdown_nonempty) {
    auto main = []() -> Coro<void> {
        TypeParam queue(1);
        queue.put_nowait(7);
        auto join = [](TypeParam& q) -> Coro<void> { co_await q.join(); };
        const Task<void> joiner = create_task(join(queue));
        const Task<void> putter = create_task(queue.put(8));
        co_await sleep_for(0s);
        EXPECT_FALSE(putter.done());
        queue.shutdown();
        EXPECT_EQ(queue.qsize(), 1U);
        co_await sleep_for(0s);
        EXPECT_TRUE(putter.done());
        EXPECT_THROW(putter.result(), QueueShutDown);
        const int item = co_await queue.get();
        EXPECT_EQ(item, 7);
        co_await sleep_for(0s);
        EXPECT_FALSE(joiner.done());
        co_await expect_shut(queue);
        queue.task_done();
        co_await sleep_for(0s);
        EXPECT_TRUE(joiner.done());
        EXPECT_THROW(queue.task_done(), LoopError);
    };
    run_virtually(main);
}

TYPED_TEST(QueueOf, ThatIsShutDownAtOnceDropsWhatIsThere_shutdown_immediate) {
    for (const bool one_is_out : {false, true}) {
        auto main = [](bool take_one) -> Coro<void> {
            TypeParam queue;
            queue.put_nowait(7);
            queue.put_nowait(7);
            auto join = [](TypeParam& q) -> Coro<void> { co_await q.join(); };
            const Task<void> joiner = create_task(join(queue));
            co_await sleep_for(0s);
            if (take_one) { EXPECT_EQ(queue.get_nowait(), 7); }
            queue.shutdown(true);
            EXPECT_EQ(queue.qsize(), 0U);
            co_await sleep_for(0s);
            EXPECT_EQ(joiner.done(), !take_one);
            co_await expect_shut(queue);
            if (take_one) queue.task_done();
            EXPECT_THROW(queue.task_done(), LoopError);
            co_await joiner;
        };
        run_virtually(main, one_is_out);
    }
}

}  // namespace
}  // namespace girin::test
