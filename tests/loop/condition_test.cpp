// Condition and Barrier against CPython's test_locks.py (3.13); ASYNCIO.md has the table.

#include "girin/loop/sync/condition.hpp"

#include <gtest/gtest.h>

#include "girin/loop/sleep.hpp"
#include "girin/loop/sync/barrier.hpp"
#include "girin/loop/timeout.hpp"
#include "tests/loop/endings.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
using Numbers = std::vector<int>;

/// Waits once; keeps the lock unless `gives_back`.
Coro<void> waits(Condition& condition, Numbers& order, int number, bool gives_back) {
    co_await condition.acquire();
    co_await condition.wait();
    order.push_back(number);
    if (gives_back) condition.release();
}

TEST(Condition, GivesTheLockToOneAfterTheOther_wait) {
    auto main = []() -> Coro<void> {
        Condition condition;
        Numbers order;
        for (int i = 1; i <= 3; ++i) create_task(waits(condition, order, i, false));
        co_await sleep_for(0s);
        EXPECT_EQ(order, Numbers{});
        EXPECT_FALSE(condition.locked());
        co_await condition.acquire();
        condition.notify();
        co_await sleep_for(0s);
        EXPECT_EQ(order, Numbers{});
        EXPECT_TRUE(condition.locked());
        condition.release();
        co_await sleep_for(0s);
        EXPECT_EQ(order, Numbers{1});
        EXPECT_TRUE(condition.locked());
        condition.notify(2);
        co_await sleep_for(0s);
        EXPECT_EQ(order, Numbers{1});
        condition.release();
        co_await sleep_for(0s);
        EXPECT_EQ(order, (Numbers{1, 2}));
        condition.release();
        co_await sleep_for(0s);
        EXPECT_EQ(order, (Numbers{1, 2, 3}));
        EXPECT_TRUE(condition.locked());
    };
    run_virtually(main);
}

TEST(Condition, TakesTheLockAgainWhenItIsCancelled_wait_cancel) {
    auto main = []() -> Coro<void> {
        Condition condition;
        co_await condition.acquire();
        const Task<void> task = create_task(condition.wait());
        EventLoop::running().call_soon([task] { task.cancel(); });
        const std::string how = co_await ending(as_coro(task));
        EXPECT_EQ(how, "cancelled");
        EXPECT_TRUE(condition.locked());
    };
    run_virtually(main);
}

TEST(Condition, HasTheLockWhateverComesWhileItIsContested_wait_cancel_contested) {
    auto main = []() -> Coro<void> {
        Condition condition;
        co_await condition.acquire();
        const Task<void> task = create_task(condition.wait());
        co_await sleep_for(0s);
        EXPECT_FALSE(condition.locked());
        co_await condition.acquire();
        condition.notify();
        EventLoop::running().call_soon([task] { task.cancel(); });
        EventLoop::running().call_soon([&condition] { condition.release(); });
        co_await ending(as_coro(task));
        EXPECT_TRUE(condition.locked());
    };
    run_virtually(main);
}

TEST(Condition, IsCancelledThoughItWasNotified_wait_cancel_after_notify) {
    auto main = []() -> Coro<void> {
        Condition condition;
        bool waited = false;
        auto work = [](Condition& c, bool& began) -> Coro<void> {
            const auto held = co_await c.hold();
            began = true;
            co_await c.wait();
        };
        const Task<void> waiter = create_task(work(condition, waited));
        co_await sleep_for(0s);
        co_await condition.acquire();
        condition.notify();
        co_await sleep_for(0s);
        waiter.cancel();
        co_await sleep_for(0s);
        condition.release();
        co_await sleep_for(0s);
        EXPECT_TRUE(waiter.cancelled());
        EXPECT_TRUE(waited);
        EXPECT_FALSE(condition.locked());
    };
    run_virtually(main);
}

TEST(Condition, HoldsThroughSeveralCancelsUntilItHasTheLock) {
    auto main = []() -> Coro<void> {
        Condition condition;
        co_await condition.acquire();
        const Task<void> waiter = create_task(condition.wait());
        co_await sleep_for(0s);
        co_await condition.acquire();
        for (int i = 0; i < 3; ++i) {
            waiter.cancel();
            co_await sleep_for(0s);
            EXPECT_FALSE(waiter.done());
        }
        condition.release();
        co_await sleep_for(0s);
        EXPECT_TRUE(waiter.cancelled());
        EXPECT_EQ(waiter.cancelling(), 3);
        EXPECT_TRUE(condition.locked());
    };
    run_virtually(main);
}

TEST(Condition, IsUsedWithItsLock_unacquired) {
    Condition condition;
    EXPECT_THROW(condition.notify(), LoopError);
    EXPECT_THROW(condition.notify_all(), LoopError);
    EXPECT_EQ(run_virtually(ending<void>, condition.wait()), "who waits on a condition has its lock");
    EXPECT_EQ(run_virtually(ending<bool>, condition.wait_for([] { return false; })), "who waits on a condition has its lock");
    auto at_once = [](Condition& c) -> Coro<int> {
        auto waiting = c.wait_for([] { return 7; });
        co_return co_await std::move(waiting);
    };
    EXPECT_EQ(run_virtually(at_once, condition), 7);
}

TEST(Condition, WaitsUntilItHolds_wait_for) {
    auto main = []() -> Coro<void> {
        Condition condition;
        bool ready = false;
        Numbers order;
        auto work = [](Condition& c, bool& r, Numbers& o) -> Coro<void> {
            const auto held = co_await c.hold();
            auto waiting = c.wait_for([&r] { return r; });
            co_await std::move(waiting);
            o.push_back(1);
        };
        const Task<void> task = create_task(work(condition, ready, order));
        co_await sleep_for(0s);
        for (const bool now : {false, true}) {
            ready = now;
            co_await condition.acquire();
            condition.notify();
            condition.release();
            co_await sleep_for(0s);
            EXPECT_EQ(order.size(), now ? 1U : 0U);
        }
        EXPECT_TRUE(task.done());
    };
    run_virtually(main);
}

TEST(Condition, NotifiesSoMany_notify_notify_all) {
    auto main = []() -> Coro<void> {
        Condition condition;
        Numbers order;
        for (int i = 1; i <= 3; ++i) create_task(waits(condition, order, i, true));
        co_await sleep_for(0s);
        co_await condition.acquire();
        condition.notify(1);
        condition.release();
        co_await sleep_for(0s);
        EXPECT_EQ(order, Numbers{1});
        co_await condition.acquire();
        condition.notify(1);
        condition.notify(2048);
        condition.release();
        co_await sleep_for(0s);
        EXPECT_EQ(order, (Numbers{1, 2, 3}));
        for (int i = 4; i <= 5; ++i) create_task(waits(condition, order, i, true));
        co_await sleep_for(0s);
        co_await condition.acquire();
        condition.notify_all();
        condition.release();
        co_await sleep_for(0s);
        EXPECT_EQ(order, (Numbers{1, 2, 3, 4, 5}));
    };
    run_virtually(main);
}

TEST(Condition, SharesALockThatIsGiven_explicit_lock) {
    auto main = []() -> Coro<void> {
        Lock lock;
        Condition first(lock);
        Condition second(lock);
        {
            const auto held = co_await first.hold();
            EXPECT_TRUE(lock.locked());
            EXPECT_TRUE(second.locked());
        }
        EXPECT_FALSE(second.locked());
        const auto held = co_await lock.hold();
        EXPECT_TRUE(first.locked());
    };
    run_virtually(main);
}

TEST(Condition, MayHaveATimeLimit_timeout_in_block) {
    auto main = []() -> Coro<void> {
        Condition condition;
        const auto held = co_await condition.hold();
        const std::string how = co_await ending(wait_for(condition.wait(), 500ms));
        EXPECT_EQ(how, "timed out");
        EXPECT_TRUE(condition.locked());
    };
    run_virtually(main);
}

Coro<void> consumes(Condition& condition, int& items) {
    const auto held = co_await condition.hold();
    while (true) {
        auto waiting = condition.wait_for([&items] { return items != 0; });
        co_await std::move(waiting);
        if (items < 0) co_return;
        --items;
    }
}

TEST(Condition, LosesNoNotificationToWhoIsCancelled_cancelled_wakeup_relock) {
    for (const bool relocks : {false, true}) {
        auto main = [](bool let_it_settle) -> Coro<void> {
            Condition condition;
            int items = 0;
            const Task<void> first = create_task(consumes(condition, items));
            const Task<void> second = create_task(consumes(condition, items));
            co_await sleep_for(0s);
            {
                const auto held = co_await condition.hold();
                ++items;
                condition.notify(1);
                if (let_it_settle) co_await sleep_for(0s);
                first.cancel();
                auto consumed = condition.wait_for([&items] { return items == 0; });
                const std::string how = co_await ending(timeout(10ms, std::move(consumed)));
                EXPECT_EQ(how, "timed out");  // nobody notifies us
                EXPECT_EQ(items, 0);
                items = -1;
                condition.notify_all();
            }
            co_await second;
            EXPECT_TRUE(first.cancelled());
        };
        run_virtually(main, relocks);
    }
}

constexpr std::size_t kParties = 5;

template <class Work, class... Args>
Coro<void> run_so_many(std::size_t count, Work work, Args&... args) {
    std::vector<Task<void>> tasks;
    for (std::size_t i = 0; i < count; ++i) tasks.push_back(create_task(work(args...)));
    for (const Task<void>& task : tasks) co_await task;
}

TEST(Barrier, IsForAtLeastOne_barrier_parties) {
    EXPECT_THROW(Barrier(0), std::invalid_argument);
    EXPECT_EQ(Barrier(5).parties(), 5U);
}

TEST(Barrier, LetsAllGoOnWhenAllAreThere_filling_tasks_wait_twice) {
    auto work = [](Barrier& barrier, std::vector<std::size_t>& numbers) -> Coro<void> {
        const std::size_t first = co_await barrier.wait();
        numbers.push_back(first);
        const std::size_t second = co_await barrier.wait();
        numbers.push_back(second);
    };
    Barrier barrier(kParties);
    std::vector<std::size_t> numbers;
    run_virtually(run_so_many<decltype(work), Barrier, std::vector<std::size_t>>, kParties, work, barrier, numbers);
    std::sort(numbers.begin(), numbers.end());
    EXPECT_EQ(numbers, (std::vector<std::size_t>{0, 0, 1, 1, 2, 2, 3, 3, 4, 4}));
    EXPECT_EQ(barrier.n_waiting(), 0U);
    EXPECT_FALSE(barrier.broken());
}

TEST(Barrier, OfOneNeverWaits_filling_one_task) {
    auto main = []() -> Coro<void> {
        Barrier barrier(1);
        for (int i = 0; i < 2; ++i) {
            const Task<std::size_t> task = create_task(barrier.wait());
            co_await sleep_for(0s);
            EXPECT_EQ(task.result(), 0U);
            EXPECT_EQ(barrier.n_waiting(), 0U);
        }
    };
    run_virtually(main);
}

TEST(Barrier, CountsWhoWaits_filling_task_by_task) {
    auto main = []() -> Coro<void> {
        Barrier barrier(3);
        std::vector<Task<std::size_t>> tasks;
        for (std::size_t i = 0; i < 3; ++i) {
            tasks.push_back(create_task(barrier.wait()));
            co_await sleep_for(0s);
            EXPECT_EQ(barrier.n_waiting(), i < 2 ? i + 1 : 0);
        }
        for (const auto& task : tasks) co_await task;
        EXPECT_EQ(barrier.n_waiting(), 0U);
    };
    run_virtually(main);
}

TEST(Barrier, HasNewcomersWaitWhileItDrains_blocking_tasks_while_draining) {
    auto work = [](Barrier& barrier, Barrier& rest, int& again) -> Coro<void> {
        co_await barrier.wait();
        if (again > 0) {
            --again;
        } else {
            co_await rest.wait();  // passed by exactly as many as didn't come again
        }
        co_await barrier.wait();
    };
    Barrier barrier(kParties);
    Barrier rest(kParties - 2);
    int again = 2;
    run_virtually(run_so_many<decltype(work), Barrier, Barrier, int>, kParties, work, barrier, rest, again);
    EXPECT_EQ(again, 0);
}

TEST(Barrier, IsWholeWhenOneIsCancelledWhileItFills_filling_tasks_cancel_one) {
    auto main = []() -> Coro<void> {
        Barrier barrier(3);
        const Task<std::size_t> t1 = create_task(barrier.wait());
        const Task<std::size_t> t2 = create_task(barrier.wait());
        co_await sleep_for(0s);
        EXPECT_EQ(barrier.n_waiting(), 2U);
        t1.cancel();
        co_await sleep_for(0s);
        EXPECT_EQ(barrier.n_waiting(), 1U);
        EXPECT_TRUE(t1.cancelled());
        const Task<std::size_t> t3 = create_task(barrier.wait());
        co_await sleep_for(0s);
        EXPECT_EQ(barrier.n_waiting(), 2U);
        const Task<std::size_t> t4 = create_task(barrier.wait());
        co_await t2;
        co_await t3;
        co_await t4;
        EXPECT_EQ(barrier.n_waiting(), 0U);
        EXPECT_FALSE(barrier.broken());
    };
    run_virtually(main);
}

Coro<void> counts_broken(Barrier& barrier, int& passed, int& broken) {
    try {
        co_await barrier.wait();
        ++passed;
    } catch (const BrokenBarrierError&) {
        ++broken;
    }
}

TEST(Barrier, ThatIsResetSendsAwayWhoWaits_reset_barrier_while_tasks_waiting) {
    auto main = []() -> Coro<void> {
        Barrier barrier(kParties);
        co_await barrier.reset();  // of an empty one: nothing
        int passed = 0;
        int broken = 0;
        for (std::size_t i = 0; i + 1 < kParties; ++i) create_task(counts_broken(barrier, passed, broken));
        co_await sleep_for(0s);
        co_await barrier.reset();
        co_await sleep_for(1s);
        EXPECT_EQ(broken, int(kParties) - 1);
        EXPECT_FALSE(barrier.broken());
        for (std::size_t i = 0; i < kParties; ++i) create_task(counts_broken(barrier, passed, broken));
        co_await sleep_for(1s);
        EXPECT_EQ(passed, int(kParties));
        EXPECT_EQ(broken, int(kParties) - 1);
    };
    run_virtually(main);
}

TEST(Barrier, ThatIsResetWhileItDrainsSendsAwayTheRest_reset_barrier_when_tasks_half_draining) {
    auto work = [](Barrier& barrier, int& passed, int& broken) -> Coro<void> {
        bool is_third = false;
        try {
            co_await barrier.wait();
            is_third = ++passed == 3;
        } catch (const BrokenBarrierError&) {
            ++broken;
        }
        if (is_third) co_await barrier.reset();
    };
    Barrier barrier(kParties);
    int passed = 0;
    int broken = 0;
    run_virtually(run_so_many<decltype(work), Barrier, int, int>, kParties, work, barrier, passed, broken);
    EXPECT_EQ(passed, 3);
    EXPECT_EQ(broken, 2);
    EXPECT_EQ(barrier.n_waiting(), 0U);
    EXPECT_FALSE(barrier.broken());
}

TEST(Barrier, ThatIsAbortedIsBrokenUntilItIsReset_abort_barrier) {
    auto main = []() -> Coro<void> {
        Barrier barrier(2);
        int passed = 0;
        int broken = 0;
        create_task(counts_broken(barrier, passed, broken));
        co_await sleep_for(0s);
        co_await barrier.abort();
        co_await sleep_for(0s);
        EXPECT_EQ(broken, 1);
        EXPECT_TRUE(barrier.broken());
        EXPECT_EQ(barrier.n_waiting(), 0U);
        co_await counts_broken(barrier, passed, broken);
        EXPECT_EQ(broken, 2);
        co_await barrier.reset();
        EXPECT_FALSE(barrier.broken());
        co_await run_so_many(2, counts_broken, barrier, passed, broken);
        EXPECT_EQ(passed, 2);
    };
    run_virtually(main);
}

TEST(Barrier, ThatIsAbortedWhileItDrainsSendsAwayAll_abort_barrier_when_tasks_half_draining_half_blocking) {
    auto work = [](Barrier& barrier, int& passed, int& drained, int& blocked) -> Coro<void> {
        int number = 0;
        try {
            co_await barrier.wait();
            number = ++passed;
        } catch (const BrokenBarrierError&) {
            ++drained;
        }
        if (number == 0) co_return;
        if (number == 3) {
            co_await barrier.abort();
        } else {
            try {
                co_await barrier.wait();
            } catch (const BrokenBarrierError&) {
                ++blocked;
            }
        }
    };
    Barrier barrier(kParties);
    int passed = 0;
    int drained = 0;
    int blocked = 0;
    run_virtually(run_so_many<decltype(work), Barrier, int, int, int>, kParties, work, barrier, passed, drained, blocked);
    EXPECT_TRUE(barrier.broken());
    EXPECT_EQ(passed, 3);
    EXPECT_EQ(drained, 2);
    EXPECT_EQ(blocked, 2);
}

}  // namespace
}  // namespace girin::test
