// gather, gather_settled, gather_or_cancel and shield against CPython's test_tasks.py (3.13); ASYNCIO.md has the table.

#include "girin/loop/gather.hpp"

#include <gtest/gtest.h>

#include "girin/loop/shield.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/sync/lock.hpp"
#include "girin/loop/timeout.hpp"
#include "tests/loop/cancel_everywhere.hpp"
#include "tests/loop/endings.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

Coro<int> gives(Duration after, int value) {
    co_await sleep_for(after);
    co_return value;
}
Coro<int> fails(Duration after, std::string text) {
    co_await sleep_for(after);
    throw std::runtime_error(text);
}
std::exception_ptr error(const std::string& text) { return std::make_exception_ptr(std::runtime_error(text)); }

class Gather : public testing::Test {
  protected:
    void turns(int count = 4) {
        for (int i = 0; i < count; ++i) {
            loop.stop();
            loop.run_forever();
        }
    }
    Future<int> future() { return Future<int>(loop); }

    VirtualLoop loop;
    Reports reports{loop};
};

TEST_F(Gather, GivesResultsInTheOrderOfItsArguments_success) {
    const Future<int> a = future(), b = future(), c = future();
    const auto all = gather(a, b, c);
    b.set_result(1);
    a.set_result(2);
    turns();
    EXPECT_FALSE(all.done());
    c.set_result(3);
    turns();
    EXPECT_EQ(all.result(), std::tuple(2, 1, 3));
}

TEST_F(Gather, OfCoroutinesTakesAsLongAsTheLongest) {
    auto main = []() -> Coro<int> {
        auto [a, b, c] = co_await gather(gives(2s, 1), gives(1s, 2), gives(3s, 3));
        co_return a * 100 + b * 10 + c;
    };
    EXPECT_EQ(loop.run_until_complete(main()), 123);
    EXPECT_EQ(loop.elapsed(), 3s);
}

TEST_F(Gather, OfNothingIsThereAtOnce_constructor_empty_sequence) {
    auto main = []() -> Coro<void> {
        co_await gather();
        const std::vector<int> none = co_await gather(std::vector<Coro<int>>());
        EXPECT_TRUE(none.empty());
    };
    loop.run_until_complete(main());
    EXPECT_THROW(static_cast<void>(gather()), LoopError);  // on no loop
}

TEST_F(Gather, OfAVectorGivesAVector) {
    auto main = []() -> Coro<void> {
        std::vector<Coro<int>> works;
        for (int i = 0; i < 5; ++i) works.push_back(gives(std::chrono::seconds(5 - i), i));
        const std::vector<int> values = co_await gather(std::move(works));
        EXPECT_EQ(values, (std::vector<int>{0, 1, 2, 3, 4}));
        std::vector<Future<void>> nothing;
        nothing.emplace_back(EventLoop::running());
        nothing.front().set_result();
        co_await gather(std::move(nothing));
    };
    loop.run_until_complete(main());
    EXPECT_EQ(loop.elapsed(), 5s);
}

TEST_F(Gather, RaisesTheFirstErrorAtOnceAndLetsTheOthersGoOn_one_exception_exception_marking) {
    Trace trace;
    auto notes = [](Trace& t) -> Coro<int> {
        co_await sleep_for(2s);
        t.push_back("went on");
        throw std::runtime_error("nobody asks");
    };
    auto main = [](Coro<int> other) -> Coro<std::string> {
        auto waiting = gather(gives(5s, 1), fails(1s, "first"), std::move(other));
        co_return co_await ending(as_coro(waiting));
    };
    EXPECT_EQ(loop.run_until_complete(main(notes(trace))), "first");
    EXPECT_EQ(loop.elapsed(), 1s);
    loop.run_until_complete(as_coro(loop.create_task(as_coro(sleep_until(loop.time() + 10s)))));
    EXPECT_EQ(trace, Trace{"went on"});
    EXPECT_EQ(reports.reports, std::vector<std::string>{});
}

TEST_F(Gather, TakesACancelledChildForAnError_one_cancellation) {
    const Future<int> a = future(), b = future(), c = future();
    const auto all = gather(a, b, c);
    a.set_result(1);
    b.cancel();
    turns();
    EXPECT_TRUE(all.done());
    EXPECT_FALSE(all.cancelled());
    EXPECT_THROW(all.result(), Cancelled);
    c.set_exception(error("late"));
    EXPECT_FALSE(all.cancel());
}

TEST_F(Gather, SettledWaitsForAllAndTellsHowEachEnded_return_exceptions_result_exception_one_cancellation) {
    const Future<int> a = future(), b = future(), c = future(), d = future();
    const auto all = gather_settled(a, b, c, d);
    a.set_result(1);
    b.set_exception(error("of b"));
    c.cancel();
    turns();
    EXPECT_FALSE(all.done());
    d.set_result(4);
    turns();
    auto [ra, rb, rc, rd] = all.result();
    EXPECT_EQ(ra.value(), 1);
    EXPECT_FALSE(rb);
    EXPECT_EQ(Reports::what(rb.exception()), "of b");
    EXPECT_THROW(rb.value(), std::runtime_error);
    EXPECT_TRUE(rc.cancelled());
    EXPECT_EQ(rd.value(), 4);
    EXPECT_EQ(reports.reports, std::vector<std::string>{});
}

TEST_F(Gather, SettledOfAVectorCountsWhatFailed) {
    auto main = []() -> Coro<int> {
        std::vector<Coro<int>> works;
        for (int i = 0; i < 6; ++i) works.push_back(i % 2 == 0 ? gives(1s, i) : fails(1s, "odd"));
        auto settled = co_await gather_settled(std::move(works));
        int failed = 0;
        for (const Settled<int>& one : settled) failed += one ? 0 : 1;
        co_return failed;
    };
    EXPECT_EQ(loop.run_until_complete(main()), 3);
}

TEST_F(Gather, AwaitsWhatIsNamedTwiceOnce_duplicate_coroutines) {
    auto main = []() -> Coro<void> {
        const Task<int> task = create_task(gives(1s, 7));
        const std::tuple<int, int, int> all = co_await gather(task, task, gives(1s, 8));
        EXPECT_EQ(all, std::tuple(7, 7, 8));
    };
    loop.run_until_complete(main());
}

TEST_F(Gather, RefusesAnotherLoopsFutures_constructor_heterogenous_futures) {
    VirtualLoop other;
    EXPECT_THROW(static_cast<void>(gather(future(), Future<int>(other))), LoopError);
}

TEST_F(Gather, PassesItsCancelToAll_cancellation_broadcast) {
    auto main = [](EventLoop& l) -> Coro<void> {
        const Future<int> never(l);
        const Task<int> a = create_task(as_coro(never));
        const Task<int> b = create_task(as_coro(never));
        auto waits = [](Task<int> one, Task<int> two) -> Coro<void> { co_await gather(one, two); };
        const Task<void> outer = create_task(waits(a, b));
        co_await sleep_for(0s);
        outer.cancel();
        const std::string how = co_await ending(as_coro(outer));
        EXPECT_EQ(how, "cancelled");
        EXPECT_TRUE(outer.cancelled());
        EXPECT_TRUE(a.cancelled());
        EXPECT_TRUE(b.cancelled());
        EXPECT_TRUE(never.cancelled());
    };
    loop.run_until_complete(main(loop));
}

TEST_F(Gather, ThatIsCancelledWaitsUntilAllHaveEnded) {
    Trace trace;
    auto main = [](Trace& t) -> Coro<void> {
        const auto all = gather(cleans_up(1h, 1s, t), cleans_up(1h, 3s, t));
        co_await sleep_for(0s);
        EXPECT_TRUE(all.cancel());
        const std::string how = co_await ending(as_coro(all));
        EXPECT_EQ(how, "cancelled");
    };
    loop.run_until_complete(main(trace));
    EXPECT_EQ(loop.elapsed(), 3s);
}

TEST_F(Gather, OrCancelEndsTheOthersAndWaitsForThem) {
    Trace trace;
    auto main = [](Trace& t) -> Coro<std::string> {
        auto waiting = gather_or_cancel(cleans_up(1h, 2s, t), fails(1s, "first"), fails(1s, "second"));
        co_return co_await ending(as_coro(waiting));
    };
    EXPECT_EQ(loop.run_until_complete(main(trace)), "first");
    EXPECT_EQ(loop.elapsed(), 3s);
    EXPECT_EQ(trace, Trace{"cleaned up"});
    EXPECT_EQ(reports.reports, std::vector<std::string>{});
    auto well = []() -> Coro<int> {
        const auto [a, b] = co_await gather_or_cancel(gives(1s, 1), gives(2s, 2));
        co_return a + b;
    };
    EXPECT_EQ(loop.run_until_complete(well()), 3);
}

TEST_F(Gather, TakesWhateverCanBeAwaited) {
    auto main = [](EventLoop& l) -> Coro<void> {
        Lock lock;
        const Future<std::string> future(l);
        l.call_later(1s, [future] { future.set_result("yes"); });
        auto all = co_await gather(sleep_for(0.5s), gives(1s, 1), create_task(gives(2s, 2)), future, lock.acquire(),
                                   gather(gives(1s, 3), gives(1s, 4)), wait_for(gives(1s, 5), 2s));
        EXPECT_EQ(std::get<1>(all) + std::get<2>(all), 3);
        EXPECT_EQ(std::get<3>(all), "yes");
        EXPECT_EQ(std::get<5>(all), std::tuple(3, 4));
        EXPECT_EQ(std::get<6>(all), 5);
        EXPECT_TRUE(lock.locked());
    };
    loop.run_until_complete(main(loop));
    EXPECT_EQ(loop.elapsed(), 2s);
}

TEST_F(Gather, CarriesWhatOnlyMovesAndReferences) {
    auto main = []() -> Coro<void> {
        static int place = 7;
        auto moves = []() -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(1); };
        auto refers = []() -> Coro<int&> { co_return place; };
        auto all = co_await gather(moves(), refers());
        EXPECT_EQ(*std::get<0>(all), 1);
        EXPECT_EQ(&std::get<1>(all), &place);
    };
    loop.run_until_complete(main());
}

TEST_F(Gather, ThatIsDroppedLeavesItsChildrenAlone) {
    Trace trace;
    auto main = [](Trace& t) -> Coro<void> {
        auto notes = [](Trace& tr) -> Coro<void> {
            co_await sleep_for(1s);
            tr.push_back("done");
        };
        { const auto dropped = gather(notes(t), fails(2s, "lost")); }
        co_await sleep_for(3s);
    };
    loop.run_until_complete(main(trace));
    EXPECT_EQ(trace, Trace{"done"});
    EXPECT_EQ(reports.reports.size(), 1U);  // nobody else would tell
}

TEST(CancelEverywhere, LeavesNoChildOfAGather) {
    cancel_everywhere([](VirtualLoop& loop) {
        auto work = []() -> Coro<void> {
            co_await gather(gives(1s, 1), gives(2s, 2));
            co_await gather_or_cancel(gives(1s, 1), gives(2s, 2));
            co_await gather_settled(gives(1s, 1), fails(2s, "odd"));
        };
        return std::pair(loop.create_task(work()), [&loop](const Task<void>&) { EXPECT_TRUE(loop.all_tasks().empty()); });
    });
}

TEST_F(Gather, OfShieldedOnesCancelsTheShieldsOnly_gather_shield) {
    const Future<int> a = future(), b = future();
    const Future<int> sa = shield(a), sb = shield(b);
    const auto all = gather(sa, sb);
    turns();
    all.cancel();
    turns();
    EXPECT_THROW(all.result(), Cancelled);
    EXPECT_TRUE(sa.cancelled());
    EXPECT_TRUE(sb.cancelled());
    EXPECT_FALSE(a.done());
    a.set_result(1);
    b.set_result(2);
    turns();
}

TEST_F(Gather, GoesOnWhenItsShieldIsCancelled_shield_gather) {
    const Future<int> a = future(), b = future();
    const auto all = gather(a, b);
    const auto outer = shield(all);
    turns();
    outer.cancel();
    turns();
    EXPECT_TRUE(outer.cancelled());
    a.set_result(1);
    b.set_result(2);
    turns();
    EXPECT_EQ(all.result(), std::tuple(1, 2));
}

using Shield = Gather;

TEST_F(Shield, GivesWhatTheInnerOneGives_shield_result_exception_cancel_inner_shortcut) {
    const Future<int> good = future(), bad = future(), gone = future();
    const Future<int> a = shield(good), b = shield(bad), c = shield(gone);
    turns();
    good.set_result(42);
    bad.set_exception(error("expected"));
    gone.cancel();
    turns();
    EXPECT_EQ(a.result(), 42);
    EXPECT_EQ(Reports::what(b.exception()), "expected");
    EXPECT_TRUE(c.cancelled());
    EXPECT_EQ(shield(good), good);
}

TEST_F(Shield, KeepsTheInnerOneFromACancel_shield_effect_cancel_outer) {
    int proof = 0;
    auto main = [](EventLoop& l, int& p) -> Coro<void> {
        const Future<void> waiter(l);
        auto inner = [](Future<void> w, int& count) -> Coro<void> {
            co_await w;
            ++count;
        };
        auto outer = [](Coro<void> work, int& count) -> Coro<void> {
            co_await shield(std::move(work));
            count += 100;
        };
        auto protected_work = inner(waiter, p);
        const Task<void> task = create_task(outer(std::move(protected_work), p));
        co_await sleep_for(0s);
        task.cancel();
        const std::string how = co_await ending(as_coro(task));
        EXPECT_EQ(how, "cancelled");
        waiter.set_result();
        co_await sleep_for(0s);
        co_await sleep_for(0s);
        EXPECT_EQ(p, 1);
    };
    loop.run_until_complete(main(loop, proof));
}

/// Throws as it is copied.
struct Uncopyable {
    Uncopyable() = default;
    Uncopyable(Uncopyable&&) = default;
    Uncopyable(const Uncopyable&) { throw std::runtime_error("no copy"); }
};

TEST_F(Shield, EndsWithWhatACopyOfItsResultThrows) {
    auto gives_it = []() -> Coro<Uncopyable> {
        co_await sleep_for(1s);
        co_return Uncopyable();
    };
    auto main = [](Coro<Uncopyable> work) -> Coro<std::string> {
        const Task<Uncopyable> inner = create_task(std::move(work));
        auto shielded = [](Task<Uncopyable> task) -> Coro<void> { co_await shield(task); };
        co_return co_await ending(shielded(inner));
    };
    EXPECT_EQ(loop.run_until_complete(main(gives_it())), "no copy");
}

TEST_F(Shield, LosesNoErrorThatComesAfterTheCancel) {
    const Future<int> inner = future();
    {
        const Future<int> outer = shield(inner);
        outer.cancel();
        turns();
    }
    inner.set_exception(error("late"));
    turns();
    loop.run_until_complete(as_coro(loop.create_task(as_coro(sleep_until(loop.time() + 10s)))));
    EXPECT_EQ(reports.reports, std::vector<std::string>{"Future exception was never retrieved: late"});
}

}  // namespace
}  // namespace girin::test
