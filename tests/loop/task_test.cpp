#include "loop/task.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <poll.h>

#include <string>

#include "loop/asio_loop.hpp"
#include "loop/executor.hpp"
#include "loop/gate.hpp"
#include "loop/guest.hpp"
#include "loop/net/stream.hpp"
#include "loop/sleep.hpp"
#include "loop/task_group.hpp"
#include "loop/timeout.hpp"

using namespace girin;
using namespace std::chrono_literals;

namespace {
Coro<int> seven() { co_return 7; }
Coro<int> add() {
    int a = co_await seven();
    co_await sleep_for(1ms);
    co_return a + co_await create_task(seven());
}
Coro<void> long_sleep() { co_await sleep_for(10s); }
Coro<bool> times_out() {
    try {
        co_await timeout(1ms, long_sleep());
    } catch (const TimeoutError&) {
        co_return true;
    }
    co_return false;
}
Coro<void> fails() {
    co_await sleep_for(0s);
    throw std::runtime_error("x");
}
Coro<void> group_body(TaskGroup& g) {
    g.create_task(long_sleep());
    g.create_task(fails());
    co_return;
}
Coro<std::string> group() {
    try {
        co_await with_task_group(group_body);
    } catch (const ExceptionGroup& e) {
        co_return e.what();
    }
    co_return "";
}
Coro<std::string> echo(AsioLoop& loop, UniqueFd a, UniqueFd b) {
    Stream left(loop, std::move(a)), right(loop, std::move(b));
    IoResult sent = co_await left.send("hello ", "world");
    EXPECT_EQ(sent.bytes, 11u);
    char buffer[64];
    IoResult got = co_await right.receive(std::span<char>(buffer));
    left.shutdown_send();
    IoResult end = co_await right.receive(std::span<char>(buffer));
    EXPECT_EQ(end.bytes, 0u);
    EXPECT_EQ(end.error, 0);
    co_return std::string(buffer, got.bytes);
}
}  // namespace

TEST(Task, Smoke) {
    AsioLoop loop;
    EXPECT_EQ(loop.run_until_complete(add()), 14);
    EXPECT_TRUE(loop.run_until_complete(times_out()));
    EXPECT_EQ(loop.run_until_complete(group()), "unhandled errors in a task group (1): x");
}
namespace {
int twice(int x) { return 2 * x; }
Coro<int> in_pool() { co_return co_await run_in_executor(twice, 21); }
}
TEST(Task, Pool) {
    AsioLoop loop;
    EXPECT_EQ(loop.run_until_complete(in_pool()), 42);
}
TEST(Task, Stream) {
    int fds[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    AsioLoop loop;
    EXPECT_EQ(loop.run_until_complete(echo(loop, UniqueFd(fds[0]), UniqueFd(fds[1]))), "hello world");
}
TEST(Task, Guest) {
    AsioLoop loop;
    Guest guest(loop);
    auto task = loop.create_task(add());
    guest.pump();
    while (!task.done()) {
        pollfd p{guest.fd(), POLLIN, 0};
        ASSERT_EQ(::poll(&p, 1, 2000), 1);
        guest.pump();
    }
    EXPECT_EQ(task.result(), 14);
}
