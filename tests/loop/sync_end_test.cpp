// The ends of sync/'s primitives: a loop that closes while tasks stand in them, and primitives that go before their waiters.

#include <gtest/gtest.h>

#include <memory>

#include "girin/loop/sleep.hpp"
#include "girin/loop/sync/barrier.hpp"
#include "girin/loop/sync/condition.hpp"
#include "girin/loop/sync/queue.hpp"
#include "girin/loop/sync/semaphore.hpp"
#include "girin/loop/task.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

/// Takes a turn, and closes the loop on who waits then.
void close_upon(Coro<void> waiting) {
    VirtualLoop loop;
    const Task<void> task = loop.create_task(std::move(waiting));
    auto turn = []() -> Coro<void> { co_await sleep_for(Duration::zero()); };
    loop.run_until_complete(turn());
    ASSERT_FALSE(task.done());
    loop.close();
}

TEST(LoopThatCloses, EndsWhoWaitsOnAConditionThatItHolds) {
    Condition condition;
    auto waits = [](Condition& c) -> Coro<void> {
        const auto held = co_await c.hold();
        co_await c.wait();
    };
    close_upon(waits(condition));
    EXPECT_FALSE(condition.locked());
}

TEST(LoopThatCloses, EndsWhoWaitsAtABarrier) {
    Barrier barrier(2);
    auto waits = [](Barrier& b) -> Coro<void> { co_await b.wait(); };
    close_upon(waits(barrier));
    EXPECT_EQ(barrier.parties(), 2U);
}

TEST(LoopThatCloses, TakesASemaphoresUnitBack) {
    Semaphore semaphore(1);
    auto waits = [](Semaphore& s) -> Coro<void> {
        const auto held = co_await s.hold();
        co_await sleep_for(std::chrono::hours(1));
    };
    close_upon(waits(semaphore));
    EXPECT_EQ(semaphore.value(), 1);
}

/// Who waits for a primitive that goes is cancelled afterwards; under AddressSanitizer a look at it would be seen.
template <class Primitive, class Wait>
void outlive(std::unique_ptr<Primitive> primitive, Wait wait) {
    auto main = [](std::unique_ptr<Primitive> gone, Wait waits) -> Coro<void> {
        const Task<void> task = create_task(waits(*gone));
        co_await sleep_for(Duration::zero());
        gone.reset();
        task.cancel();
        co_await sleep_for(Duration::zero());
        EXPECT_TRUE(task.cancelled());
    };
    run_virtually(main, std::move(primitive), wait);
}

TEST(WaiterOfWhatIsGone, OfAQueueIsCancelled) {
    outlive(std::make_unique<Queue<int>>(), [](Queue<int>& queue) -> Coro<void> { co_await queue.get(); });
    auto full = std::make_unique<Queue<int>>(1);
    full->put_nowait(1);
    outlive(std::move(full), [](Queue<int>& queue) -> Coro<void> { co_await queue.put(2); });
}

TEST(WaiterOfWhatIsGone, OfASemaphoreIsCancelled) {
    outlive(std::make_unique<Semaphore>(0), [](Semaphore& semaphore) -> Coro<void> { co_await semaphore.acquire(); });
}

}  // namespace
}  // namespace girin::test
