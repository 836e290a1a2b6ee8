// What the steady state costs: no allocation. In an executable of its own, because it replaces operator new
// (counting_new.cpp).

#include <gtest/gtest.h>

#include "girin/loop/asio_loop.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/task.hpp"
#include "girin/loop/timeout.hpp"
#include "girin/net/stream.hpp"
#include "tests/loop/sockets.hpp"
#include "tests/support/counting_new.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

/// Runs `work(args...)` until everything that is kept has been made, and counts the allocations of the runs that
/// follow.
template <class Work, class... Args>
Coro<std::size_t> allocations_of(int warm_up, int runs, Work work, Args&... args) {
    for (int i = 0; i < warm_up; ++i) co_await work(args...);
    const std::size_t before = allocations();
    for (int i = 0; i < runs; ++i) co_await work(args...);
    co_return allocations() - before;
}

struct Allocations : testing::Test {
    AsioLoop loop;
};

Coro<int> inner() { co_return 1; }
Coro<int> outer() {
    const int one = co_await inner();
    const int two = co_await inner();
    co_return one + two;
}

TEST_F(Allocations, AreNoneForNestedCoroutines) {
    EXPECT_EQ(loop.run_until_complete(allocations_of(10, 1000, outer)), 0U);
}

TEST_F(Allocations, AreNoneForSleepsTimeoutsAndTasks) {
    auto work = []() -> Coro<void> {
        co_await sleep_for(0s);
        co_await timeout(1h, outer());
        co_await create_task(outer());
    };
    EXPECT_EQ(loop.run_until_complete(allocations_of(10, 1000, work)), 0U);
}

TEST_F(Allocations, AreNoneForAnEcho) {
    auto echo = [](Stream& stream) -> Coro<void> {
        char buffer[64];
        for (;;) {
            const IoResult got = co_await stream.receive(std::span<char>(buffer));
            if (got.bytes == 0) co_return;
            co_await stream.send(std::string_view(buffer, got.bytes));
        }
    };
    auto ping = [](Stream& stream) -> Coro<void> {
        char buffer[64];
        co_await stream.send("ping");
        co_await stream.receive(std::span<char>(buffer));
    };
    auto main = [](Stream& left, Stream& right, auto e, auto p) -> Coro<std::size_t> {
        const Task<void> server = create_task(e(right));
        const std::size_t count = co_await allocations_of(10, 1000, p, left);
        left.shutdown_send();
        co_await server;
        co_return count;
    };
    FdPair fds = unix_pair();
    Stream left(loop, std::move(fds.first));
    Stream right(loop, std::move(fds.second));
    EXPECT_EQ(loop.run_until_complete(main(left, right, echo, ping)), 0U);
}

}  // namespace
}  // namespace girin::test
