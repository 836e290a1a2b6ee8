// The primitives when a task that uses them is cancelled at each of its awaits in turn: nothing stays locked, nobody
// sleeps on, nothing is lost.

#include <gtest/gtest.h>

#include "girin/loop/sleep.hpp"
#include "girin/loop/sync/barrier.hpp"
#include "girin/loop/sync/queue.hpp"
#include "girin/loop/sync/semaphore.hpp"
#include "tests/loop/cancel_everywhere.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

template <class Primitive>
Coro<void> in_and_out(std::shared_ptr<Primitive> primitive, int rounds) {
    for (int i = 0; i < rounds; ++i) {
        const auto held = co_await primitive->hold();
        co_await sleep_for(0s);
    }
}

template <class Primitive>
void expect_free_at_the_end() {
    cancel_everywhere([](VirtualLoop& loop) {
        auto primitive = std::make_shared<Primitive>();
        loop.create_task(in_and_out(primitive, 3));
        Task<void> victim = loop.create_task(in_and_out(primitive, 3));
        loop.create_task(in_and_out(primitive, 3));
        return std::pair(victim, [primitive](const Task<void>&) { EXPECT_FALSE(primitive->locked()); });
    });
}

TEST(CancelEverywhere, LeavesALockFree) { expect_free_at_the_end<Lock>(); }
TEST(CancelEverywhere, LeavesASemaphoreFree) { expect_free_at_the_end<Semaphore>(); }
TEST(CancelEverywhere, LeavesAConditionsLockFree) { expect_free_at_the_end<Condition>(); }

TEST(CancelEverywhere, LosesNoNotification) {
    cancel_everywhere([](VirtualLoop& loop) {
        struct Shared {
            Condition condition;
            int items = 0;
            int wanted = 2;
        };
        auto consume = [](std::shared_ptr<Shared> s) -> Coro<void> {
            const auto held = co_await s->condition.hold();
            while (s->wanted > 0) {
                while (s->items == 0 && s->wanted > 0) co_await s->condition.wait();
                if (s->items == 0) break;
                --s->items;
                if (--s->wanted == 0) s->condition.notify_all();
            }
        };
        auto produce = [](std::shared_ptr<Shared> s) -> Coro<void> {
            for (int i = 0; i < 2; ++i) {
                const auto held = co_await s->condition.hold();
                ++s->items;
                s->condition.notify();
                co_await sleep_for(0s);
            }
        };
        auto shared = std::make_shared<Shared>();
        Task<void> victim = loop.create_task(consume(shared));
        loop.create_task(consume(shared));
        loop.create_task(produce(shared));
        return std::pair(victim, [shared](const Task<void>&) {
            EXPECT_EQ(shared->items, 0);
            EXPECT_FALSE(shared->condition.locked());
        });
    });
}

/// A producer, a victim and another who consume what is there until the queue is shut down.
TEST(CancelEverywhere, LosesNoItem) {
    for (const bool producer_is_victim : {false, true}) {
        cancel_everywhere([producer_is_victim](VirtualLoop& loop) {
            struct Shared {
                Queue<int> queue{1};
                int put = 0;
                int taken = 0;
            };
            auto produce = [](std::shared_ptr<Shared> s) -> Coro<void> {
                std::exception_ptr failure;
                try {
                    for (int i = 0; i < 4; ++i) {
                        co_await s->queue.put(i);
                        ++s->put;
                    }
                } catch (const Cancelled&) {
                    failure = std::current_exception();
                }
                s->queue.shutdown();
                if (failure) std::rethrow_exception(failure);
            };
            auto consume = [](std::shared_ptr<Shared> s) -> Coro<void> {
                try {
                    while (true) {
                        co_await s->queue.get();
                        ++s->taken;
                        co_await sleep_for(0s);
                    }
                } catch (const QueueShutDown&) {
                }
            };
            auto shared = std::make_shared<Shared>();
            Task<void> consumer = loop.create_task(consume(shared));
            loop.create_task(consume(shared));
            Task<void> producer = loop.create_task(produce(shared));
            return std::pair(producer_is_victim ? producer : consumer, [shared](const Task<void>& victim) {
                const bool never_began = victim.cancelled() && shared->put == 0 && !shared->queue.is_shut_down();
                EXPECT_TRUE(never_began || shared->queue.is_shut_down());
                EXPECT_EQ(shared->put, shared->taken);
            });
        });
    }
}

TEST(CancelEverywhere, LeavesABarrierWhole) {
    cancel_everywhere([](VirtualLoop& loop) {
        auto barrier = std::make_shared<Barrier>(2);
        auto meet = [](std::shared_ptr<Barrier> b) -> Coro<void> {
            co_await b->wait();
            co_await b->wait();
        };
        /// Stands in for whoever is cancelled.
        auto help = [](std::shared_ptr<Barrier> b, Task<void> other) -> Coro<void> {
            while (!other.done()) {
                co_await sleep_for(1s);
                if (b->n_waiting() == 1) co_await b->wait();
            }
        };
        Task<void> victim = loop.create_task(meet(barrier));
        const Task<void> other = loop.create_task(meet(barrier));
        loop.create_task(help(barrier, other));
        loop.create_task(help(barrier, victim));
        return std::pair(victim, [barrier](const Task<void>&) {
            EXPECT_FALSE(barrier->broken());
            EXPECT_EQ(barrier->n_waiting(), 0U);
        });
    });
}

}  // namespace
}  // namespace girin::test
