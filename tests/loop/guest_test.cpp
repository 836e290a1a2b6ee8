// The guest in a host that knows nothing but poll(2). Each wait of the host has a deadline: a descriptor that is not
// readable when something is to be done is a hang, and fails the test.

#include "girin/asio/namespace.hpp"
#include "girin/loop/guest.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <random>
#include <thread>

#include "girin/loop/executor.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/use_loop.hpp"
#include "girin/net/stream.hpp"
#include "tests/loop/sockets.hpp"
#include "tests/loop/trace.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

struct GuestTest : testing::Test {
    /// The host: waits for the descriptor and pumps, until `done`.
    void host_until(const std::function<bool()>& done) {
        while (!done()) {
            pollfd watched{guest.fd(), POLLIN, 0};
            ASSERT_EQ(::poll(&watched, 1, 5000), 1) << "the host sleeps for ever";
            guest.pump();
            ++pumps;
        }
    }
    template <class T>
    void host_until_done(const Task<T>& task) {
        host_until([&] { return task.done(); });
    }
    /// Pumps until there is nothing to do.
    void settle() {
        for (;;) {
            pollfd watched{guest.fd(), POLLIN, 0};
            if (::poll(&watched, 1, 0) == 0) return;
            guest.pump();
        }
    }
    bool readable() {
        pollfd watched{guest.fd(), POLLIN, 0};
        return ::poll(&watched, 1, 0) == 1;
    }

    AsioLoop loop;
    Guest guest{loop};
    int pumps = 0;
};

TEST_F(GuestTest, RunsTimers) {
    auto sleeps = [](Trace& trace) -> Coro<void> {
        for (int i = 0; i < 5; ++i) {
            co_await sleep_for(2ms);
            trace.push_back("tick");
        }
    };
    Trace trace;
    const TimePoint began = Clock::now();
    const Task<void> task = loop.create_task(sleeps(trace));
    host_until_done(task);
    EXPECT_EQ(trace.size(), 5U);
    EXPECT_GE(Clock::now() - began, 10ms);
    EXPECT_LE(pumps, 40);  // it sleeps in between
}

TEST_F(GuestTest, FindsTheHostsCallbacksAtWork) {
    settle();
    bool called = false;
    loop.call_soon([&] { called = true; });
    host_until([&] { return called; });

    settle();
    called = false;
    loop.call_later(3ms, [&] { called = true; });
    host_until([&] { return called; });

    settle();
    const Future<int> future(loop);
    auto waits = [](Future<int> f) -> Coro<int> { co_return co_await f; };
    const Task<int> task = loop.create_task(waits(future));
    settle();
    EXPECT_FALSE(task.done());
    future.set_result(7);
    host_until_done(task);
    EXPECT_EQ(task.result(), 7);

    settle();
    auto sleeps = []() -> Coro<void> { co_await sleep_for(1h); };
    const Task<void> cancelled = loop.create_task(sleeps());
    settle();
    cancelled.cancel();
    host_until_done(cancelled);
}

TEST_F(GuestTest, TakesAnEarlierDeadlineFromTheHost) {
    bool early = false, late = false;
    loop.call_later(1h, [&] { late = true; });
    settle();
    loop.call_later(2ms, [&] { early = true; });
    host_until([&] { return early; });
    EXPECT_FALSE(late);
}

TEST_F(GuestTest, RunsATimerThatIsArmedAnewForTheSameTime) {
    int calls = 0;
    const TimePoint when = loop.time() + 2ms;
    std::function<void()> again = [&] {
        if (++calls < 3) loop.call_at(when, again);
    };
    loop.call_at(when, again);
    host_until([&] { return calls == 3; });
}

TEST_F(GuestTest, HearsOtherThreads) {
    settle();
    int heard = 0;
    constexpr int kPosts = 500;
    std::thread poster([&] {
        for (int i = 0; i < kPosts; ++i) {
            loop.call_soon_threadsafe([&] { ++heard; });
            if (i % 7 == 0) std::this_thread::yield();
        }
    });
    host_until([&] { return heard == kPosts; });
    poster.join();
}

TEST_F(GuestTest, AwaitsTheExecutorAndTheResolverAndAsioTimers) {
    settle();
    auto main = [](AsioLoop& l) -> Coro<int> {
        auto twice = [](int x) { return 2 * x; };
        const int doubled = co_await run_in_executor(twice, 21);
        boost::asio::ip::tcp::resolver resolver(l.io_context());
        const auto found = co_await resolver.async_resolve("127.0.0.1", "80", use_loop);
        EXPECT_FALSE(found.empty());
        boost::asio::steady_timer timer(l.io_context(), 2ms);
        co_await timer.async_wait(use_loop);
        co_return doubled;
    };
    const Task<int> task = loop.create_task(main(loop));
    host_until_done(task);
    EXPECT_EQ(task.result(), 42);
}

Coro<void> echo(Stream& stream) {
    char buffer[64];
    for (;;) {
        const IoResult got = co_await stream.receive(std::span<char>(buffer));
        if (got.bytes == 0) co_return;
        co_await stream.send(std::string_view(buffer, got.bytes));
    }
}

TEST_F(GuestTest, CarriesStreams) {
    FdPair fds = unix_pair();
    Stream left(loop, std::move(fds.first));
    Stream right(loop, std::move(fds.second));
    auto main = [](Stream& stream) -> Coro<void> {
        for (int i = 0; i < 200; ++i) {
            co_await stream.send("ping");
            char buffer[8];
            const IoResult got = co_await stream.receive(std::span<char>(buffer));
            EXPECT_EQ(got.bytes, 4U);
        }
        stream.shutdown_send();
    };
    const Task<void> server = loop.create_task(echo(right));
    const Task<void> client = loop.create_task(main(left));
    host_until_done(client);
    host_until_done(server);
}

TEST_F(GuestTest, GivesTheHostItsTurnInABurst) {
    int calls = 0;
    std::function<void()> again = [&] {
        if (++calls < 1000) loop.call_soon(again);
    };
    loop.call_soon(again);
    guest.pump();
    EXPECT_LT(calls, 100);
    EXPECT_TRUE(readable());
    host_until([&] { return calls == 1000; });
    EXPECT_GE(pumps, 10);
}

TEST_F(GuestTest, RefusesToBePumpedFromWithin) {
    bool refused = false;
    loop.call_soon([&] {
        try {
            guest.pump();
        } catch (const LoopError&) {
            refused = true;
        }
    });
    host_until([&] { return refused; });
    bool alive = false;
    loop.call_soon([&] { alive = true; });
    host_until([&] { return alive; });
}

TEST_F(GuestTest, LetsAFatalErrorOutAndGoesOn) {
    bool rest = false;
    loop.call_soon([] { throw FatalError("stop all"); });
    loop.call_soon([&] { rest = true; });
    EXPECT_THROW(guest.pump(), FatalError);
    EXPECT_TRUE(readable());
    host_until([&] { return rest; });
}

TEST_F(GuestTest, IsTheRunningLoopOnlyWhilePumped) {
    bool inside = false;
    loop.call_soon([&] { inside = EventLoop::running_or_null() == &loop; });
    host_until([&] { return inside; });
    EXPECT_EQ(EventLoop::running_or_null(), nullptr);
}

TEST_F(GuestTest, SleepsWhenNothingIsToBeDone) {
    settle();
    EXPECT_FALSE(readable());
    guest.pump();  // for nothing
    settle();
    EXPECT_FALSE(readable());
}

TEST(Guest, LeavesALoopThatRunsByItself) {
    AsioLoop loop;
    bool called = false;
    {
        Guest guest(loop);
        guest.pump();
        loop.call_later(1ms, [&] {
            called = true;
            loop.stop();
        });
    }
    loop.run_forever();
    EXPECT_TRUE(called);
}

TEST(Guest, IsNotMadeOfALoopThatRuns) {
    AsioLoop loop;
    loop.call_soon([&] {
        EXPECT_THROW(Guest{loop}, LoopError);
        loop.stop();
    });
    loop.run_forever();
}

/// Everything that may wake it, in random order, one at a time: after each the host has to be woken.
TEST_F(GuestTest, NeverSleepsThroughAnything) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    FdPair fds = unix_pair();
    Stream left(loop, std::move(fds.first));
    Stream right(loop, std::move(fds.second));
    loop.create_task(echo(right));
    auto nothing = [] {};
    for (int round = 0; round < 300 && !HasFatalFailure(); ++round) {
        bool done = false;
        const auto finish = [&done] { done = true; };
        std::thread thread;
        if (random() % 2 == 0) settle();
        switch (random() % 6) {
            case 0: loop.call_soon(finish); break;
            case 1: loop.call_later(std::chrono::microseconds(random() % 500), finish); break;
            case 2: thread = std::thread([&] { loop.call_soon_threadsafe(finish); }); break;
            case 3: {
                auto echoes = [](Stream& stream) -> Coro<void> {
                    char buffer[8];
                    co_await stream.send("x");
                    co_await stream.receive(std::span<char>(buffer));
                };
                loop.create_task(echoes(left)).add_done_callback(finish);
                break;
            }
            case 4: {
                auto calls = [](auto function) -> Coro<void> { co_await run_in_executor(function); };
                loop.create_task(calls(nothing)).add_done_callback(finish);
                break;
            }
            default: {
                auto waits = [](AsioLoop& l, Duration delay) -> Coro<void> {
                    boost::asio::steady_timer timer(l.io_context(), delay);
                    co_await timer.async_wait(use_loop);
                };
                loop.create_task(waits(loop, std::chrono::microseconds(random() % 500))).add_done_callback(finish);
            }
        }
        host_until([&] { return done; });
        if (thread.joinable()) thread.join();
    }
    left.shutdown_send();
    host_until([&] { return loop.all_tasks().empty(); });
}

// FAULTS 7: once the loop had run by itself, its guest was never woken again.
TEST_F(GuestTest, IsWokenAfterTheLoopHasRunByItself) {
    settle();
    bool late = false;
    loop.call_later(20ms, [&] { late = true; });
    auto sleeps = []() -> Coro<int> {
        co_await sleep_for(5ms);
        co_return 1;
    };
    EXPECT_EQ(loop.run_until_complete(sleeps()), 1);
    EXPECT_FALSE(late);
    host_until([&] { return late; });
    settle();
    bool called = false;
    loop.call_soon([&] { called = true; });
    host_until([&] { return called; });
}

// FAULTS 7: a second guest of one loop was allowed, and both hung.
TEST_F(GuestTest, IsTheOnlyOneOfItsLoop) {
    EXPECT_THROW(Guest{loop}, LoopError);
    bool called = false;
    loop.call_soon([&] { called = true; });
    host_until([&] { return called; });
}

}  // namespace
}  // namespace girin::test
