// Lock, Event and Semaphore against CPython's test_locks.py (3.13); ASYNCIO.md has the table.

#include "girin/loop/sync/lock.hpp"

#include <gtest/gtest.h>

#include "girin/loop/sleep.hpp"
#include "girin/loop/sync/event.hpp"
#include "girin/loop/sync/semaphore.hpp"
#include "girin/loop/timeout.hpp"
#include "tests/loop/endings.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;
using Numbers = std::vector<int>;

template <class Primitive>
Coro<void> acquires(Primitive& primitive, Numbers& order, int number) {
    co_await primitive.acquire();
    order.push_back(number);
}

TEST(Lock, GoesToOneAfterTheOther_acquire) {
    auto main = []() -> Coro<void> {
        Lock lock;
        Numbers order;
        co_await lock.acquire();
        create_task(acquires(lock, order, 1));
        create_task(acquires(lock, order, 2));
        co_await sleep_for(0s);
        EXPECT_EQ(order, Numbers{});
        lock.release();
        EXPECT_FALSE(lock.locked());
        co_await sleep_for(0s);
        EXPECT_EQ(order, Numbers{1});
        EXPECT_TRUE(lock.locked());
        co_await sleep_for(0s);
        EXPECT_EQ(order, Numbers{1});
        create_task(acquires(lock, order, 3));
        lock.release();
        co_await sleep_for(0s);
        EXPECT_EQ(order, (Numbers{1, 2}));
        lock.release();
        co_await sleep_for(0s);
        EXPECT_EQ(order, (Numbers{1, 2, 3}));
    };
    run_virtually(main);
}

TEST(Lock, LetsNobodyPassWhoIsWoken) {
    auto main = []() -> Coro<void> {
        Lock lock;
        Numbers order;
        co_await lock.acquire();
        const Task<void> first = create_task(acquires(lock, order, 1));
        co_await sleep_for(0s);
        lock.release();  // it is free now, and promised
        const Task<void> second = create_task(acquires(lock, order, 2));
        co_await first;
        lock.release();
        co_await second;
        EXPECT_EQ(order, (Numbers{1, 2}));
    };
    run_virtually(main);
}

Coro<void> holds_until(Lock& lock, Future<void> blocker) {
    const auto held = co_await lock.hold();
    co_await blocker;
}
Coro<void> holds(Lock& lock) { const auto held = co_await lock.hold(); }

TEST(Lock, IsNotTakenByWhoIsCancelled_acquire_cancel) {
    auto main = []() -> Coro<void> {
        Lock lock;
        Numbers order;
        co_await lock.acquire();
        const Task<void> task = create_task(acquires(lock, order, 1));
        EventLoop::running().call_soon([task] { task.cancel(); });
        const std::string how = co_await ending(as_coro(task));
        EXPECT_EQ(how, "cancelled");
        lock.release();
        co_await sleep_for(0s);
        EXPECT_FALSE(lock.locked());
        EXPECT_EQ(order, Numbers{});
    };
    run_virtually(main);
}

TEST(Lock, GoesPastWhoIsCancelledBeforeTheRelease_cancel_race) {
    auto main = []() -> Coro<void> {
        Lock lock;
        const Future<void> blocker(EventLoop::running());
        const Task<void> a = create_task(holds_until(lock, blocker));
        co_await sleep_for(0s);
        const Task<void> b = create_task(holds(lock));
        co_await sleep_for(0s);
        const Task<void> c = create_task(holds(lock));
        co_await sleep_for(0s);
        blocker.set_result();
        b.cancel();
        co_await sleep_for(0s);
        EXPECT_FALSE(lock.locked());
        EXPECT_TRUE(a.done());
        EXPECT_TRUE(b.cancelled());
        co_await c;
    };
    run_virtually(main);
}

TEST(Lock, IsTakenOnceWhenACancelAndAReleaseMeet_cancel_release_race) {
    auto main = []() -> Coro<void> {
        Lock lock;
        Numbers order;
        co_await lock.acquire();
        const Task<void> first = create_task(acquires(lock, order, 1));
        const Task<void> second = create_task(acquires(lock, order, 2));
        const Task<void> third = create_task(acquires(lock, order, 3));
        co_await sleep_for(0s);
        EventLoop::running().call_soon([&lock, first] {
            first.cancel();
            lock.release();
        });
        const std::string how = co_await ending(as_coro(first));
        EXPECT_EQ(how, "cancelled");
        EXPECT_EQ(order, Numbers{2});
        EXPECT_TRUE(second.done());
        third.cancel();
        co_await sleep_for(0s);
        EXPECT_TRUE(third.cancelled());
    };
    run_virtually(main);
}

TEST(Lock, GoesToTheNextWhenWhoWasWokenIsCancelled_finished_waiter_cancelled) {
    for (const bool release_first : {false, true}) {
        auto main = [](bool release_before_cancel) -> Coro<void> {
            Lock lock;
            Numbers order;
            co_await lock.acquire();
            const Task<void> b = create_task(acquires(lock, order, 1));
            co_await sleep_for(0s);
            const Task<void> c = create_task(acquires(lock, order, 2));
            co_await sleep_for(0s);
            if (release_before_cancel) lock.release();
            b.cancel();
            if (!release_before_cancel) lock.release();
            co_await c;
            EXPECT_TRUE(lock.locked());
            EXPECT_TRUE(b.cancelled());
            EXPECT_EQ(order, Numbers{2});
        };
        run_virtually(main, release_first);
    }
}

TEST(Lock, IsReleasedByWhoHasIt_release) {
    auto main = []() -> Coro<void> {
        Lock lock;
        EXPECT_THROW(lock.release(), LoopError);
        co_await lock.acquire();
        EXPECT_TRUE(lock.locked());
        lock.release();
        EXPECT_FALSE(lock.locked());
        {
            const auto held = co_await lock.hold();
            EXPECT_TRUE(lock.locked());
        }
        EXPECT_FALSE(lock.locked());
    };
    run_virtually(main);
}

TEST(Lock, IsOfOneLoop_ambiguous_loops) {
    Lock lock;
    auto takes = [](Lock& l) -> Coro<void> { co_await l.acquire(); };
    auto waits = [](Lock& l) -> Coro<std::string> {
        co_return co_await ending(timeout(1s, holds(l)));
    };
    VirtualLoop first;
    first.run_until_complete(takes(lock));
    EXPECT_EQ(first.run_until_complete(waits(lock)), "timed out");
    {
        VirtualLoop other;
        EXPECT_EQ(other.run_until_complete(waits(lock)), "what is waited for is in use on another event loop");
    }
    EXPECT_EQ(first.run_until_complete(waits(lock)), "timed out");
}

TEST(Lock, OutlivesItsLoopAndItsWaiters) {
    Lock lock;
    auto takes = [](Lock& l) -> Coro<void> { co_await l.acquire(); };
    {
        VirtualLoop gone;
        gone.run_until_complete(takes(lock));
        gone.create_task(holds(lock));
        gone.stop();
        gone.run_forever();
    }
    lock.release();
    VirtualLoop next;
    next.run_until_complete(takes(lock));
    EXPECT_TRUE(lock.locked());
}

TEST(Lock, MayGoWhileSomebodyWaits) {
    auto main = []() -> Coro<void> {
        auto lock = std::make_unique<Lock>();
        co_await lock->acquire();
        const Task<void> cancelled = create_task(holds(*lock));
        const Task<void> left = create_task(holds(*lock));
        co_await sleep_for(0s);
        lock.reset();
        cancelled.cancel();
        co_await sleep_for(0s);
        EXPECT_TRUE(cancelled.cancelled());
        EXPECT_FALSE(left.done());
        left.cancel();
        co_await sleep_for(0s);
    };
    run_virtually(main);
}

Coro<void> waits_for(Event& event, Numbers& order, int number) {
    co_await event.wait();
    order.push_back(number);
}

TEST(Event, WakesAllWhoWait_wait) {
    auto main = []() -> Coro<void> {
        Event event;
        Numbers order;
        create_task(waits_for(event, order, 1));
        create_task(waits_for(event, order, 2));
        co_await sleep_for(0s);
        EXPECT_EQ(order, Numbers{});
        create_task(waits_for(event, order, 3));
        event.set();
        co_await sleep_for(0s);
        EXPECT_EQ(order, (Numbers{3, 1, 2}));
        co_await event.wait();  // wait_on_set
        event.clear();
        EXPECT_FALSE(event.is_set());
    };
    run_virtually(main);
}

TEST(Event, WakesNoneWhoIsCancelled_wait_cancel) {
    auto main = []() -> Coro<void> {
        Event event;
        Numbers order;
        const Task<void> before = create_task(waits_for(event, order, 1));
        const Task<void> after = create_task(waits_for(event, order, 2));
        co_await sleep_for(0s);
        before.cancel();
        event.set();
        after.cancel();
        co_await sleep_for(0s);
        EXPECT_TRUE(before.cancelled());
        EXPECT_TRUE(after.cancelled());
        EXPECT_EQ(order, Numbers{});
    };
    run_virtually(main);
}

TEST(Event, TakesNoWakeUpBackWhenItIsCleared_clear_with_waiters) {
    auto main = []() -> Coro<void> {
        Event event;
        Numbers order;
        create_task(waits_for(event, order, 1));
        co_await sleep_for(0s);
        event.set();
        event.clear();
        event.set();
        event.set();
        event.clear();
        co_await sleep_for(0s);
        EXPECT_EQ(order, Numbers{1});
        co_await sleep_for(0s);
        EXPECT_EQ(order, Numbers{1});
    };
    run_virtually(main);
}

TEST(Semaphore, BeginsWithItsValue_initial_value_zero_value) {
    EXPECT_TRUE(Semaphore(0).locked());
    EXPECT_FALSE(Semaphore().locked());
    EXPECT_EQ(Semaphore().value(), 1);
    EXPECT_THROW(Semaphore(-1), std::invalid_argument);
}

TEST(Semaphore, LetsSoManyIn_acquire) {
    auto main = []() -> Coro<void> {
        Semaphore semaphore(3);
        Numbers order;
        co_await semaphore.acquire();
        co_await semaphore.acquire();
        EXPECT_FALSE(semaphore.locked());
        for (int i = 1; i <= 3; ++i) create_task(acquires(semaphore, order, i));
        co_await sleep_for(0s);
        EXPECT_EQ(order, Numbers{1});
        EXPECT_TRUE(semaphore.locked());
        EXPECT_EQ(semaphore.value(), 0);
        const Task<void> fourth = create_task(acquires(semaphore, order, 4));
        semaphore.release();
        semaphore.release();
        EXPECT_EQ(semaphore.value(), 0);  // they are promised
        co_await sleep_for(0s);
        EXPECT_EQ(order, (Numbers{1, 2, 3}));
        EXPECT_TRUE(semaphore.locked());
        semaphore.release();
        co_await fourth;
    };
    run_virtually(main);
}

TEST(Semaphore, IsNotTakenByWhoIsCancelled_acquire_cancel_before_awoken) {
    auto main = []() -> Coro<void> {
        Semaphore semaphore(0);
        Numbers order;
        std::vector<Task<void>> tasks;
        for (int i = 1; i <= 4; ++i) tasks.push_back(create_task(acquires(semaphore, order, i)));
        co_await sleep_for(0s);
        tasks[0].cancel();
        tasks[1].cancel();
        semaphore.release();
        co_await sleep_for(0s);
        co_await sleep_for(0s);
        EXPECT_EQ(order, Numbers{3});
        tasks[3].cancel();
        co_await sleep_for(0s);
        EXPECT_EQ(semaphore.value(), 0);
    };
    run_virtually(main);
}

TEST(Semaphore, PassesOnTheUnitOfWhoIsCancelledAfterItWasWoken_acquire_hang) {
    for (const bool release_first : {false, true}) {
        auto main = [](bool release_before_cancel) -> Coro<void> {
            Semaphore semaphore(0);
            Numbers order;
            const Task<void> first = create_task(acquires(semaphore, order, 1));
            const Task<void> second = create_task(acquires(semaphore, order, 2));
            co_await sleep_for(0s);
            if (release_before_cancel) semaphore.release();
            first.cancel();
            if (!release_before_cancel) semaphore.release();
            co_await second;
            EXPECT_TRUE(first.cancelled());
            EXPECT_TRUE(semaphore.locked());
            EXPECT_EQ(order, Numbers{2});
        };
        run_virtually(main, release_first);
    }
}

TEST(Semaphore, KeepsTheUnitOfTheLastWhoIsCancelledAfterItWasWoken_acquire_no_hang) {
    auto main = []() -> Coro<void> {
        Semaphore semaphore(1);
        auto second = [](Semaphore& s) -> Coro<void> {
            const auto held = co_await s.hold();
            ADD_FAILURE();
        };
        auto first = [](Semaphore& s, const Task<void>& other) -> Coro<void> {
            {
                const auto held = co_await s.hold();
                co_await sleep_for(0s);
            }
            other.cancel();
        };
        Task<void> t2;
        const Task<void> t1 = create_task(first(semaphore, t2));
        t2 = create_task(second(semaphore));
        co_await t1;
        co_await sleep_for(0s);
        EXPECT_TRUE(t2.cancelled());
        EXPECT_EQ(semaphore.value(), 1);
        co_await semaphore.acquire();
    };
    run_virtually(main);
}

TEST(Semaphore, IsBoundedIfItIsSaid_release_not_acquired) {
    BoundedSemaphore bounded;
    EXPECT_THROW(bounded.release(), LoopError);
    Semaphore free_one;
    free_one.release();
    EXPECT_EQ(free_one.value(), 2);
    auto main = [](BoundedSemaphore& semaphore) -> Coro<void> {
        {
            const auto held = co_await semaphore.hold();
            EXPECT_TRUE(semaphore.locked());
        }
        EXPECT_FALSE(semaphore.locked());
        EXPECT_THROW(semaphore.release(), LoopError);
    };
    run_virtually(main, bounded);
}

TEST(Semaphore, GoesInOrder_acquire_fifo_order) {
    auto twice = [](Semaphore& semaphore, Trace& trace, std::string name) -> Coro<void> {
        for (const char* round : {"_1", "_2"}) {
            co_await semaphore.acquire();
            trace.push_back(name + round);
            co_await sleep_for(10ms);
            semaphore.release();
        }
    };
    auto main = [](auto work, Trace& trace) -> Coro<void> {
        Semaphore semaphore(1);
        std::vector<Task<void>> tasks;
        for (const char* name : {"c1", "c2", "c3"}) {
            const std::string text = name;
            tasks.push_back(create_task(work(semaphore, trace, text)));
        }
        for (const Task<void>& task : tasks) co_await task;
    };
    Trace trace;
    run_virtually(main, twice, trace);
    EXPECT_EQ(trace, (Trace{"c1_1", "c2_1", "c3_1", "c1_2", "c2_2", "c3_2"}));
}

TEST(Semaphore, LetsNobodyPassWhoCameBefore_acquire_fifo_order_2) {
    auto main = []() -> Coro<void> {
        Semaphore semaphore(1);
        Numbers order;
        auto again = [](Semaphore& s, Numbers& o) -> Coro<void> {
            co_await s.acquire();
            o.push_back(2);
            s.release();
            co_await s.acquire();
            o.push_back(4);
        };
        const Task<void> t1 = create_task(acquires(semaphore, order, 1));
        const Task<void> t2 = create_task(again(semaphore, order));
        const Task<void> t3 = create_task(acquires(semaphore, order, 3));
        co_await sleep_for(0s);
        semaphore.release();
        semaphore.release();
        co_await t1;
        co_await t2;
        co_await t3;
        EXPECT_EQ(order, (Numbers{1, 2, 3, 4}));
    };
    run_virtually(main);
}

TEST(Semaphore, GoesInOrderPastWhoIsCancelled_acquire_fifo_order_3) {
    auto main = []() -> Coro<void> {
        Semaphore semaphore(0);
        Numbers order;
        const Task<void> t1 = create_task(acquires(semaphore, order, 1));
        const Task<void> t2 = create_task(acquires(semaphore, order, 2));
        const Task<void> t3 = create_task(acquires(semaphore, order, 3));
        co_await sleep_for(0s);
        t1.cancel();
        co_await sleep_for(0s);
        semaphore.release();
        semaphore.release();
        co_await t2;
        co_await t3;
        EXPECT_EQ(order, (Numbers{2, 3}));
    };
    run_virtually(main);
}

TEST(Semaphore, WakesAllThatItHasUnitsFor_acquire_fifo_order_4) {
    auto main = []() -> Coro<void> {
        Semaphore semaphore(0);
        Numbers order;
        auto notes = [](Numbers& o) -> Coro<void> {
            o.push_back(4);
            co_return;
        };
        auto first = [](Semaphore& s, Numbers& o, auto note) -> Coro<void> {
            co_await s.acquire();
            EXPECT_EQ(s.value(), 0);  // both who came behind are woken
            create_task(note(o));
            o.push_back(1);
        };
        auto second = [](Semaphore& s, Numbers& o) -> Coro<void> {
            for (int i = 0; i < 3; ++i) s.release();
            EXPECT_EQ(s.value(), 2);
            EXPECT_TRUE(s.locked());
            co_await s.acquire();
            o.push_back(2);
        };
        create_task(first(semaphore, order, notes));
        create_task(second(semaphore, order));
        create_task(acquires(semaphore, order, 3));
        co_await sleep_for(0s);
        EXPECT_EQ(semaphore.value(), 2);
        for (int i = 0; i < 4; ++i) co_await sleep_for(0s);
        EXPECT_EQ(order, (Numbers{1, 2, 3, 4}));
    };
    run_virtually(main);
}

}  // namespace
}  // namespace girin::test
