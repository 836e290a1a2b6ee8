#include "girin/loop/coro.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "girin/loop/sleep.hpp"
#include "girin/loop/timeout.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

/// An aggregate with members that free what they own: what g++ 12 destroys twice in the wrong place.
struct Pair {
    std::string first;
    std::vector<std::string> second;
};

Coro<int> answer() { co_return 42; }
Coro<Pair> pair() { co_return {std::string(64, 'a'), {std::string(64, 'b'), "c"}}; }

class Alive {
  public:
    explicit Alive(int& count) : count_(&count) { ++*count_; }
    Alive(Alive&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
    ~Alive() {
        if (count_ != nullptr) --*count_;
    }

  private:
    int* count_;
};

TEST(Coro, RunsNothingUntilItIsAwaited) {
    Trace trace;
    auto says = [](Trace& t) -> Coro<void> {
        t.push_back("ran");
        co_return;
    };
    { const Coro<void> dropped = says(trace); }
    EXPECT_EQ(trace, Trace{});
}

TEST(Coro, FreesItsArgumentsWhenItIsDroppedUnawaited) {
    int alive = 0;
    auto holds = [](Alive) -> Coro<void> { co_return; };
    {
        const Coro<void> dropped = holds(Alive(alive));
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
}

TEST(Coro, IsAwaitedInlineWithoutATurn) {
    auto main = [](Trace& trace) -> Coro<int> {
        EventLoop::running().call_soon([&trace] { trace.push_back("turn"); });
        const int value = co_await answer();
        trace.push_back("awaited");
        co_await sleep_for(0s);
        co_return value;
    };
    Trace trace;
    EXPECT_EQ(run_virtually(main, trace), 42);
    EXPECT_EQ(trace, (Trace{"awaited", "turn"}));
}

TEST(Coro, PassesExceptionsOn) {
    auto fails = []() -> Coro<int> {
        co_await sleep_for(1s);
        throw std::runtime_error("boom");
    };
    auto main = [](Coro<int> inner) -> Coro<std::string> {
        try {
            co_await std::move(inner);
        } catch (const std::runtime_error& error) {
            co_return error.what();
        }
        co_return "";
    };
    EXPECT_EQ(run_virtually(main, fails()), "boom");
}

TEST(Coro, ReturnsReferences) {
    auto refers = [](int& target) -> Coro<int&> { co_return target; };
    auto main = [](Coro<int&> inner) -> Coro<int*> {
        int& target = co_await std::move(inner);
        co_return &target;
    };
    int target = 0;
    EXPECT_EQ(run_virtually(main, refers(target)), &target);
}

TEST(Coro, ReturnsAggregatesAndValuesThatOnlyMove) {
    auto main = []() -> Coro<std::unique_ptr<Pair>> {
        Pair first = co_await pair();
        const Pair second = co_await timeout(1s, pair());
        EXPECT_EQ(first.second, second.second);
        auto boxed = std::make_unique<Pair>(co_await pair());
        boxed->first = std::move(first.first);
        co_return boxed;
    };
    const std::unique_ptr<Pair> result = run_virtually(main);
    EXPECT_EQ(result->first, std::string(64, 'a'));
    EXPECT_EQ(result->second.size(), 2U);
}

TEST(Coro, DestroysAFrameWithThatOfItsAwaiter) {
    int alive = 0;
    auto inner = [](int& count) -> Coro<void> {
        const Alive here(count);
        co_await sleep_for(1h);
    };
    auto outer = [](int& count, Coro<void> awaited) -> Coro<void> {
        const Alive here(count);
        co_await std::move(awaited);
    };
    testing::internal::CaptureStderr();  // where the loop says that the task was pending
    {
        VirtualLoop loop;
        loop.create_task(outer(alive, inner(alive)));
        loop.stop();
        loop.run_forever();
        EXPECT_EQ(alive, 2);
    }
    testing::internal::GetCapturedStderr();
    EXPECT_EQ(alive, 0);
}

Coro<int> depth(int levels) {
    if (levels == 0) {
        co_await sleep_for(0s);
        co_return 0;
    }
    const int below = co_await depth(levels - 1);
    co_return below + 1;
}

TEST(Coro, NestsDeeply) { EXPECT_EQ(run_virtually(depth, 1000), 1000); }

Coro<int> ready() { co_return 1; }
Coro<int> await_many(int times) {
    int sum = 0;
    for (int i = 0; i < times; ++i) sum += co_await ready();
    co_return sum;
}
Coro<int> await_many_after_a_wait(int times) {
    co_await sleep_for(std::chrono::seconds(1));
    co_return co_await await_many(times);
}
Coro<int> await_many_that_wait(int times) {
    int sum = 0;
    for (int i = 0; i < times; ++i) sum += co_await await_many_after_a_wait(1);
    co_return sum;
}

// FAULTS 7: without optimisation, and under AddressSanitizer, each await of a coroutine that ends at once took stack.
TEST(Coro, NeedsNoStackForMillionsOfAwaits) {
    EXPECT_EQ(run_virtually(await_many, 1'000'000), 1'000'000);
    EXPECT_EQ(run_virtually(await_many_after_a_wait, 1'000'000), 1'000'000);
    EXPECT_EQ(run_virtually(await_many_that_wait, 50'000), 50'000);
}

TEST(Coro, NestsDeeperThanTheStack) {
    EXPECT_EQ(run_virtually(depth, 200'000), 200'000);
}

}  // namespace
}  // namespace girin::test
