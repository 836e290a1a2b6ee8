#include "girin/loop/gate.hpp"

#include <gtest/gtest.h>

#include "girin/loop/cancel.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/task.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

Coro<void> work(Gate& gate, Duration duration) {
    const Gate::Pass pass = gate.enter();
    co_await sleep_for(duration);
}

TEST(Gate, ClosesAtOnceWhenNobodyIsInside) {
    VirtualLoop loop;
    Gate gate(loop);
    loop.run_until_complete(gate.close());
    EXPECT_TRUE(gate.is_closed());
    EXPECT_THROW(gate.enter(), GateClosedError);
}

TEST(Gate, WaitsForWorkInsideAndRefusesMore) {
    VirtualLoop loop;
    Gate gate(loop);
    auto main = [](Gate& g) -> Coro<void> {
        create_task(work(g, 1s));
        create_task(work(g, 3s));
        co_await sleep_for(0s);
        EXPECT_EQ(g.inside(), 2U);
        const Task<void> closing = create_task(g.close());
        co_await sleep_for(0s);
        EXPECT_THROW(g.enter(), GateClosedError);
        co_await closing;
        EXPECT_EQ(g.inside(), 0U);
    };
    loop.run_until_complete(main(gate));
    EXPECT_EQ(loop.elapsed(), 3s);
}

TEST(Gate, MayBeClosedBySeveralOfWhomOneGivesUp) {
    VirtualLoop loop;
    Gate gate(loop);
    auto main = [](Gate& g) -> Coro<void> {
        create_task(work(g, 1s));
        co_await sleep_for(0s);
        const Task<void> gives_up = create_task(g.close());
        const Task<void> patient = create_task(g.close());
        co_await sleep_for(0s);
        gives_up.cancel();
        co_await patient;
        EXPECT_TRUE(gives_up.cancelled());
        EXPECT_EQ(g.inside(), 0U);
    };
    loop.run_until_complete(main(gate));
    EXPECT_EQ(loop.elapsed(), 1s);
}

TEST(Gate, CountsAPassOnceWhenItMoves) {
    VirtualLoop loop;
    Gate gate(loop);
    {
        Gate::Pass first = gate.enter();
        const Gate::Pass moved = std::move(first);
        EXPECT_EQ(gate.inside(), 1U);
    }
    EXPECT_EQ(gate.inside(), 0U);
}

}  // namespace
}  // namespace girin::test
