// What outlives what it stands on: the loop, the stream, the gate. And uses that can't be meant, which stop the process
// with a sentence rather than some way of their own.

#include "girin/asio/namespace.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <optional>
#include <system_error>

#include "girin/loop/asio_loop.hpp"
#include "girin/loop/cancel.hpp"
#include "girin/loop/executor.hpp"
#include "girin/loop/gate.hpp"
#include "girin/loop/guest.hpp"
#include "girin/loop/signals.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/timeout.hpp"
#include "girin/net/acceptor.hpp"
#include "girin/net/stream.hpp"
#include "tests/loop/sockets.hpp"
#include "tests/loop/trace.hpp"
#include "tests/loop/virtual_loop.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

Coro<void> fails() {
    throw std::runtime_error("boom");
    co_return;
}
Coro<int> seven() { co_return 7; }

// --- the loop is gone

// FAULTS 7: a future that was set after its loop was gone used the loop.
TEST(AfterItsLoop, AFutureIsSetAndTellsNobody) {
    std::optional<Future<int>> future;
    bool called = false;
    {
        VirtualLoop loop;
        future.emplace(loop);
        future->add_done_callback([&] { called = true; });
    }
    future->set_result(3);
    EXPECT_EQ(future->result(), 3);
    future->add_done_callback([&] { called = true; });
    EXPECT_FALSE(called);
}

// FAULTS 7: the handle of a failed task told its exception to a loop that was gone.
TEST(AfterItsLoop, AFailedTasksExceptionGoesToTheLog) {
    testing::internal::CaptureStderr();
    {
        Task<void> task;
        Future<void> future;
        {
            VirtualLoop loop;
            task = loop.create_task(fails(), "late");
            future = Future<void>(loop);
            loop.run_until_complete(seven());
            loop.stop();
            loop.run_forever();
        }
        EXPECT_TRUE(task.done());
        future.set_exception(std::make_exception_ptr(std::runtime_error("bang")));
    }
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("Task 'late' exception was never retrieved: boom"), std::string::npos) << log;
    EXPECT_NE(log.find("Future exception was never retrieved: bang"), std::string::npos) << log;
}

TEST(AfterItsLoop, AFutureIsNotTakenForOneOfTheNextLoop) {
    std::optional<VirtualLoop> loop;
    loop.emplace();
    const Future<void> future(*loop);
    loop.reset();
    loop.emplace();  // at the same address, and in the same slot
    auto awaits = [](Future<void> f) -> Coro<void> { co_await f; };
    EXPECT_THROW(loop->run_until_complete(awaits(future)), LoopError);
}

// FAULTS 7: a SignalWatch that outlived its loop used it after free.
TEST(AfterItsLoop, ASignalWatchHearsNothingAndRestoresTheDefault) {
    std::optional<SignalWatch> watch;
    {
        AsioLoop loop;
        watch.emplace(loop, SIGUSR2, [] { FAIL() << "told after the loop's end"; });
    }
    std::raise(SIGUSR2);
    watch.reset();
    struct sigaction now {};
    ::sigaction(SIGUSR2, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_DFL);
}

struct NoSink final : Acceptor::Sink {
    void on_accepted(Acceptor&, Accepted) override {}
    void on_exhausted(Acceptor&, int) override {}
};

// FAULTS 7: siblings of the above.
TEST(AfterItsLoop, SocketsAndGuestsCanBeDestroyed) {
    NoSink sink;
    FdPair pair = tcp_pair();
    std::optional<Stream> stream;
    std::optional<Acceptor> acceptor, armed;
    std::optional<Guest> guest;
    {
        AsioLoop loop;
        stream.emplace(loop, std::move(pair.first));
        auto receives = [](Stream& from) -> Coro<void> {
            char byte;
            co_await from.receive(std::span<char>(&byte, 1));
        };
        loop.create_task(receives(*stream));
        loop.stop();
        loop.run_forever();
        acceptor.emplace(loop, listen_on_loopback(), sink);
        armed.emplace(loop, listen_on_loopback(), sink);
        armed->arm();
        guest.emplace(loop);
        testing::internal::CaptureStderr();
    }
    testing::internal::GetCapturedStderr();
    EXPECT_EQ(stream->try_send("x").bytes, 1U) << "the socket itself is there";
    stream->abort();
    EXPECT_FALSE(armed->is_armed());
    EXPECT_EQ(guest->fd(), -1);
    EXPECT_THROW(guest->pump(), LoopError);
    EXPECT_DEATH(armed->arm(), "has not outlived its event loop");
}

TEST(AfterItsLoop, AGateMayBeLeft) {
    std::optional<Gate::Pass> pass;
    std::optional<Gate> gate;
    {
        VirtualLoop loop;
        gate.emplace(loop);
        pass.emplace(gate->enter());
    }
    pass.reset();
    EXPECT_EQ(gate->inside(), 0U);
}

// --- others are gone

struct Waits {
    IoResult result;
    bool ended = false;
};

Coro<void> receive(Stream& stream, Waits& waits) {
    char byte;
    waits.result = co_await stream.receive(std::span<char>(&byte, 1));
    waits.ended = true;
}
Coro<void> send(Stream& stream, std::string_view bytes, Waits& waits) {
    waits.result = co_await stream.send(bytes);
    waits.ended = true;
}

// FAULTS 7: who received from a stream that was destroyed waited for ever, and its cancel was a use after free.
TEST(DestroyedUnderItsTask, AStreamEndsWhatWaitsWithECANCELED) {
    AsioLoop loop;
    FdPair pair = unix_pair();
    std::optional<Stream> stream;
    stream.emplace(loop, std::move(pair.first));
    const std::string much(16 << 20, 'x');
    Waits receiving, sending;
    const Task<void> receiver = loop.create_task(receive(*stream, receiving));
    const Task<void> sender = loop.create_task(send(*stream, much, sending));
    auto main = [](std::optional<Stream>& s, Task<void> r, Task<void> w) -> Coro<void> {
        co_await sleep_for(1ms);
        s.reset();
        r.cancel();  // too late: it is to hear of the stream's end
        co_await sleep_for(1ms);
        EXPECT_TRUE(r.done());
        EXPECT_TRUE(w.done());
    };
    loop.run_until_complete(main(stream, receiver, sender));
    EXPECT_TRUE(receiving.ended || receiver.cancelled());
    EXPECT_EQ(receiving.result.error, ECANCELED);
    EXPECT_TRUE(sending.ended);
    EXPECT_EQ(sending.result.error, ECANCELED);
    EXPECT_GT(sending.result.bytes, 0U);
}

TEST(DestroyedUnderItsTask, AStreamLeavesAnAwaiterThatWasNeverAwaited) {
    AsioLoop loop;
    FdPair pair = unix_pair();
    std::optional<Stream> stream;
    stream.emplace(loop, std::move(pair.first));
    std::array<char, 8> buffer;
    {
        [[maybe_unused]] const Stream::ReceiveAwaiter receives = stream->receive(buffer);
        [[maybe_unused]] const Stream::SendAwaiter sends = stream->send("x");
        stream.reset();
    }
}

// FAULTS 7: a closer that was cancelled in the turn in which its gate was emptied, and destroyed, asked the gate.
TEST(DestroyedUnderItsTask, AGateLeavesAWokenCloser) {
    VirtualLoop loop;
    auto gate = std::make_unique<Gate>(loop);
    auto closes = [](Gate& g) -> Coro<void> { co_await g.close(); };
    auto main = [](auto close, std::unique_ptr<Gate>& g) -> Coro<void> {
        std::optional<Gate::Pass> pass(g->enter());
        const Task<void> closer = create_task(close(*g));
        co_await sleep_for(0s);
        pass.reset();
        g.reset();
        closer.cancel();
        co_await sleep_for(1s);
        EXPECT_TRUE(closer.done());
    };
    loop.run_until_complete(main(closes, gate));
}

TEST(DestroyedUnderItsTask, ATimeoutScopeMayOutliveItsTask) {
    VirtualLoop loop;
    std::optional<TimeoutScope> scope;
    auto makes = [](VirtualLoop& l, std::optional<TimeoutScope>& s) -> Coro<void> {
        s.emplace(l.time() + 1s);
        co_return;
    };
    loop.run_until_complete(makes(loop, scope));
    auto sleeps = []() -> Coro<void> { co_await sleep_for(2s); };
    loop.run_until_complete(sleeps());
    EXPECT_TRUE(scope->expired());
}

// --- what can't be meant

Coro<int> await_twice() {
    Coro<int> once = seven();
    co_await std::move(once);
    co_return co_await std::move(once);
}
Coro<int> await_moved() {
    Coro<int> from = seven();
    Coro<int> to = std::move(from);
    co_return co_await std::move(from);
}
Coro<void> await_default_future() {
    const Future<void> none;
    co_await none;
}

// FAULTS 7: a Coro awaited twice, or moved from, and a Future without a loop crashed without a word.
TEST(Misuse, StopsTheProcessWithASentence) {
    EXPECT_DEATH(run_virtually(await_twice), "a Coro is awaited, or made a task, once");
    EXPECT_DEATH(run_virtually(await_moved), "has not been moved from");
    EXPECT_DEATH(run_virtually(await_default_future), "was made for a loop, and has not been moved from");
    EXPECT_DEATH(Future<void>().set_result(), "was made for a loop");
    EXPECT_DEATH(Future<void>().done(), "was made for a loop");
    EXPECT_DEATH(Task<void>().name(), "was made for a loop");
    VirtualLoop loop;
    EXPECT_DEATH(loop.create_task(Coro<void>()), "has not been moved from");
    EXPECT_DEATH(Future<void>(loop).set_exception(nullptr), "a future fails with an exception");
}

class ThrowsAsItMoves {
  public:
    explicit ThrowsAsItMoves(int moves) : moves_left_(moves) {}
    ThrowsAsItMoves(ThrowsAsItMoves&& other) : moves_left_(other.moves_left_ - 1) {
        if (moves_left_ < 0) throw std::runtime_error("can't be moved");
    }

  private:
    int moves_left_;
};

Coro<ThrowsAsItMoves> make_immovable(int moves) { co_return ThrowsAsItMoves(moves); }
ThrowsAsItMoves immovable_from_pool(int moves) { return ThrowsAsItMoves(moves); }

// FAULTS 7: a result whose move throws left its task undone for ever.
TEST(Misuse, AResultThatCannotBeMovedFailsItsTask) {
    for (int moves = 0; moves < 6; ++moves) {
        AsioLoop loop;
        auto main = [](int after) -> Coro<void> {
            try {
                co_await create_task(make_immovable(after));
                EXPECT_GE(after, 2);
            } catch (const std::runtime_error& error) {
                EXPECT_STREQ(error.what(), "can't be moved");
            }
            try {
                co_await run_in_executor(&immovable_from_pool, after);
                EXPECT_GE(after, 2);
            } catch (const std::runtime_error& error) {
                EXPECT_STREQ(error.what(), "can't be moved");
            }
        };
        loop.run_until_complete(timeout_at(Clock::now() + 5s, main(moves)));
    }
}

// FAULTS 7: io_context().stop() made the loop spin for ever.
TEST(Misuse, StoppingTheIoContextStopsTheLoop) {
    AsioLoop loop;
    loop.call_soon([&] { loop.io_context().stop(); });
    loop.call_later(5s, [&] {
        ADD_FAILURE() << "not stopped";
        loop.stop();
    });
    loop.run_forever();
    auto sleeps = []() -> Coro<int> {
        co_await sleep_for(1ms);
        co_return 5;
    };
    EXPECT_EQ(loop.run_until_complete(sleeps()), 5) << "and it runs again";
    boost::asio::post(loop.io_context(), [&] {
        loop.io_context().stop();
        loop.stop();
    });
    loop.run_forever();
    EXPECT_EQ(loop.run_until_complete(sleeps()), 5) << "though it was stopped in the last turn of another run";
}

// FAULTS 7: a loop for which the system had no descriptors aborted the process.
TEST(AsioLoop, SaysWhenThereAreNoDescriptors) {
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    for (rlim_t allowed = 3; allowed < 16; ++allowed) {
        const rlimit few{allowed, before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &few);
        std::string why;
        try {
            AsioLoop loop;
            why = "made";
        } catch (const std::system_error& error) {
            why = error.what();
        }
        ::setrlimit(RLIMIT_NOFILE, &before);
        if (why == "made") return SUCCEED();
        EXPECT_EQ(why, "make an event loop: Too many open files");
    }
    FAIL() << "fifteen descriptors are not enough for a loop?";
}

}  // namespace
}  // namespace girin::test
