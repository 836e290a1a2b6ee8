// What the loop itself costs, in nanoseconds an operation: giving way, tasks, timers, an echo over a socket pair.
// Each line is the best of a few runs: on a machine with other work the least disturbed one says most.

#include <sys/socket.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "girin/loop/asio_loop.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/task.hpp"
#include "girin/net/stream.hpp"

namespace {

using namespace girin;
using namespace std::chrono_literals;

constexpr int kRuns = 5;

/// Runs the coroutine that `make(loop)` gives, on a loop of its own, and prints what one of its `operations` took.
template <class Make>
void measure(const char* what, int operations, Make make) {
    Duration best = Duration::max();
    for (int run = 0; run < kRuns; ++run) {
        AsioLoop loop;
        const TimePoint began = Clock::now();
        loop.run_until_complete(make(loop));
        best = std::min<Duration>(best, Clock::now() - began);
    }
    std::printf("%-42s %9.1f ns\n", what, static_cast<double>(best.count()) / operations);
}

Coro<void> give_way(int times) {
    for (int i = 0; i < times; ++i) co_await sleep_for(0s);
}

Coro<void> give_way_among(int tasks, int times) {
    std::vector<Task<void>> all;
    for (int i = 0; i < tasks; ++i) all.push_back(create_task(give_way(times)));
    for (const Task<void>& task : all) co_await task;
}

Coro<void> nothing() { co_return; }

Coro<void> await_coroutines(int times) {
    for (int i = 0; i < times; ++i) co_await nothing();
}

Coro<void> spawn_one_by_one(int times) {
    for (int i = 0; i < times; ++i) co_await create_task(nothing());
}

Coro<void> spawn_together(int times) {
    for (int i = 0; i < times; ++i) create_task(nothing());
    co_await sleep_for(0s);
}

class Alarm final : public Timer {
  public:
    void run() override {}
};

/// As a server's idle deadlines: many are armed, and each is armed anew again and again.
Coro<void> rearm_timers(EventLoop& loop, int timers, int times) {
    std::vector<Alarm> alarms(static_cast<std::size_t>(timers));
    for (int i = 0; i < times; ++i) {
        Alarm& alarm = alarms[static_cast<std::size_t>(i % timers)];
        loop.arm(alarm, later(loop.time(), 30s + std::chrono::nanoseconds(i)));
    }
    for (Alarm& alarm : alarms) alarm.disarm();
    co_return;
}

Coro<void> echo(Stream& stream) {
    char buffer[64];
    for (;;) {
        const IoResult got = co_await stream.receive(std::span<char>(buffer));
        if (got.bytes == 0) co_return;
        co_await stream.send(std::string_view(buffer, got.bytes));
    }
}

Coro<void> ping(AsioLoop& loop, int times) {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) std::abort();
    Stream left(loop, UniqueFd(fds[0]));
    Stream right(loop, UniqueFd(fds[1]));
    const Task<void> server = create_task(echo(right));
    char buffer[64];
    for (int i = 0; i < times; ++i) {
        co_await left.send("ping");
        co_await left.receive(std::span<char>(buffer));
    }
    left.shutdown_send();
    co_await server;
}

}  // namespace

int main() {
    measure("await a coroutine", 1'000'000, [](AsioLoop&) { return await_coroutines(1'000'000); });
    measure("give way, 1 task", 200'000, [](AsioLoop&) { return give_way(200'000); });
    measure("give way among 1000 tasks", 1'000'000, [](AsioLoop&) { return give_way_among(1000, 1000); });
    measure("spawn a task and await it", 200'000, [](AsioLoop&) { return spawn_one_by_one(200'000); });
    measure("spawn 1000 tasks together", 1000, [](AsioLoop&) { return spawn_together(1000); });
    measure("arm a timer anew, among 10 000", 1'000'000,
            [](AsioLoop& loop) { return rearm_timers(loop, 10'000, 1'000'000); });
    measure("echo round trip over a socket pair", 100'000, [](AsioLoop& loop) { return ping(loop, 100'000); });
    return 0;
}
