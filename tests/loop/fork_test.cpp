// fork() within a running loop, without an exec: what the child may do, and what it can't do to its parent.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <optional>

#include "girin/loop/asio_loop.hpp"
#include "girin/loop/executor.hpp"
#include "girin/loop/process_check.hpp"
#include "girin/loop/signals.hpp"
#include "girin/loop/sleep.hpp"
#include "girin/loop/timeout.hpp"
#include "girin/net/acceptor.hpp"
#include "girin/net/stream.hpp"
#include "tests/loop/sockets.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

/// The exit code, or minus the signal; -1000: it was still there after ten seconds, and was killed.
Coro<int> end_of(pid_t child) {
    for (int i = 0; i < 2000; ++i) {
        int status = 0;
        if (::waitpid(child, &status, WNOHANG) == child) {
            co_return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        }
        co_await sleep_for(5ms);
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    co_return -1000;
}

/// A child that has all descriptors which are open here, and does nothing, for as long as this lives.
class Holder {
  public:
    Holder() : child_(::fork()) {
        while (child_ == 0) ::pause();
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    ~Holder() {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
    }

  private:
    pid_t child_;
};

/// Everything a server does, in the child.
Coro<int> serve_in_child() {
    auto& loop = dynamic_cast<AsioLoop&>(EventLoop::running());
    FdPair pair = unix_pair();
    Stream left(loop, std::move(pair.first));
    Stream right(loop, std::move(pair.second));
    bool told = false;
    const SignalWatch watch(loop, SIGUSR1, [&] { told = true; });
    std::raise(SIGUSR1);
    auto echo = [](Stream& stream) -> Coro<void> {
        char byte;
        co_await stream.receive(std::span<char>(&byte, 1));
        co_await stream.send("y");
    };
    const Task<void> echoing = create_task(echo(right));
    co_await left.send("x");
    char byte = 0;
    co_await left.receive(std::span<char>(&byte, 1));
    co_await echoing;
    co_await sleep_for(1ms);
    const int doubled = co_await run_in_executor([](int n) { return 2 * n; }, 20);
    co_return byte == 'y' && told ? doubled + 2 : 1;
}

// FAULTS 7: in a child of a running loop no other loop could run.
TEST(Fork, AChildRunsALoopOfItsOwn) {
    AsioLoop loop;
    const SignalWatch parents(loop, SIGUSR1, [] { ADD_FAILURE() << "a signal to the child is told here"; });
    auto main = []() -> Coro<void> {
        co_await run_in_executor([] {});  // so that there are threads, which the child doesn't have
        const pid_t child = ::fork();
        if (child == 0) {
            AsioLoop own;
            ::_exit(own.run_until_complete(timeout_at(Clock::now() + 5s, serve_in_child())));
        }
        const int code = co_await end_of(child);
        EXPECT_EQ(code, 42);
    };
    loop.run_until_complete(main());
}

// FAULTS 7: a child that came back into its parent's loop took the parent's events, and both hung.
TEST(Fork, AChildThatComesBackIntoTheLoopIsEndedWithALine) {
    AsioLoop loop;
    testing::internal::CaptureStderr();
    pid_t child = -1;
    loop.call_soon([&] { child = ::fork(); });
    auto main = [](pid_t& forked) -> Coro<void> {
        co_await sleep_for(1ms);
        const int code = co_await end_of(forked);
        EXPECT_EQ(code, kStrayChildExit);
    };
    loop.run_until_complete(main(child));
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("A forked child has come back into its parent's event loop"), std::string::npos) << log;
}

// FAULTS 7: the same by other ways: by awaiting, by sending, by coming back to the pool.
TEST(Fork, AChildThatGoesOnAsItsParentIsEnded) {
    AsioLoop loop;
    auto awaits = []() -> Coro<void> {
        const pid_t child = ::fork();
        co_await sleep_for(1ms);
        const int code = co_await end_of(child);
        EXPECT_EQ(code, kStrayChildExit);
    };
    loop.run_until_complete(awaits());
    auto sends = [](AsioLoop& l) -> Coro<void> {
        FdPair pair = unix_pair();
        Stream stream(l, std::move(pair.first));
        const pid_t child = ::fork();
        if (child != 0) {
            const int code = co_await end_of(child);
            EXPECT_EQ(code, kStrayChildExit);
        }
        stream.try_send("from the child");
        char byte;
        EXPECT_EQ(::recv(pair.second.get(), &byte, 1, 0), 1) << "the parent's own";
    };
    loop.run_until_complete(sends(loop));
    auto in_pool = []() -> Coro<void> {
        const pid_t child = co_await run_in_executor([] { return ::fork(); });
        const int code = co_await end_of(child);
        EXPECT_EQ(code, kStrayChildExit);
    };
    loop.run_until_complete(in_pool());
}

struct CountingSink final : Acceptor::Sink {
    void on_accepted(Acceptor&, Accepted) override { ++accepted; }
    void on_exhausted(Acceptor&, int) override {}
    int accepted = 0;
};

// FAULTS 7: a child that destroyed its copies took the parent's descriptors off the epoll set that both share.
TEST(Fork, AChildsDestructorsLeaveTheParentsDescriptorsAlone) {
    auto loop = std::make_unique<AsioLoop>();
    CountingSink sink;
    UniqueFd listening = listen_on_loopback();
    const std::uint16_t port = port_of(listening.get());
    auto acceptor = std::make_unique<Acceptor>(*loop, std::move(listening), sink);
    acceptor->arm();
    FdPair pair = unix_pair();
    auto stream = std::make_unique<Stream>(*loop, std::move(pair.first));
    auto receives = [](Stream& from) -> Coro<char> {
        char byte = 0;
        co_await from.receive(std::span<char>(&byte, 1));
        co_return byte;
    };
    const Task<char> receiving = loop->create_task(receives(*stream));
    auto main = [](auto& l, auto& a, auto& s, Task<char> r, CountingSink& counted, std::uint16_t on, int peer) -> Coro<void> {
        co_await run_in_executor([] {});
        const pid_t child = ::fork();
        if (child == 0) {
            a.reset();
            s.reset();
            l.reset();  // while it "runs", and has a pool whose threads are not here
            ::_exit(0);
        }
        const int code = co_await end_of(child);
        EXPECT_EQ(code, 0);
        const UniqueFd client = connect_to(on);
        EXPECT_EQ(::send(peer, "z", 1, 0), 1);
        const char byte = co_await r;
        EXPECT_EQ(byte, 'z');
        while (counted.accepted == 0) co_await sleep_for(1ms);
    };
    const int peer = pair.second.get();
    AsioLoop& running = *loop;
    running.run_until_complete(
        timeout_at(Clock::now() + 10s, main(loop, acceptor, stream, receiving, sink, port, peer)));
    EXPECT_EQ(sink.accepted, 1);
}

struct TellsOfHangup final : HangupListener {
    void on_hangup(bool) noexcept override { told = true; }
    bool told = false;
};

// FAULTS 7: a connection that somebody else still held stayed in the epoll set after it was closed here, and its news
// were taken for another connection's.
TEST(Fork, WhatIsClosedHereIsOffTheEpollSetThoughAChildHoldsIt) {
    AsioLoop loop;
    auto main = [](AsioLoop& l) -> Coro<void> {
        const OpenedMark opened = OpenedMark::now();
        FdPair old_pair = tcp_pair();
        TellsOfHangup listener;
        std::optional<Stream> old(std::in_place, l, std::move(old_pair.first), opened);
        old->watch(listener);
        co_await sleep_for(1ms);
        const Holder child;
        old.reset();
        FdPair pair = tcp_pair();
        Stream next(l, std::move(pair.first));  // in the place of the old one
        next.watch(listener);
        ::shutdown(old_pair.second.get(), SHUT_RDWR);  // of which the child has a copy, too
        co_await sleep_for(20ms);
        EXPECT_FALSE(listener.told) << "of the other's end";
        pair.second.reset();
        for (int i = 0; i < 1000 && !listener.told; ++i) co_await sleep_for(1ms);
        EXPECT_TRUE(listener.told);
    };
    loop.run_until_complete(main(loop));
}

// FAULTS 7: and its peer waited for the child to end.
TEST(Fork, AConnectionIsEndedWhoeverElseHoldsIt) {
    AsioLoop loop;
    for (const bool reset : {false, true}) {
        const OpenedMark opened = OpenedMark::now();
        FdPair pair = tcp_pair();
        const Holder child;  // before it is a stream: a connection that was accepted waits for its turn
        Stream stream(loop, std::move(pair.first), opened);
        if (reset) stream.reset_on_close();
        stream.end();
        char byte;
        timeval limit{5, 0};
        ::setsockopt(pair.second.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ASSERT_TRUE(set_nonblocking(pair.second.get(), false));
        const ssize_t got = ::recv(pair.second.get(), &byte, 1, 0);
        EXPECT_EQ(got, reset ? -1 : 0);
        if (reset) {
            EXPECT_EQ(errno, ECONNRESET);
        }
    }
}

TEST(Fork, AChildHasTheDefaultActionOfWhatItsParentWatches) {
    AsioLoop loop;
    const SignalWatch watch(loop, SIGUSR2, [] {});
    auto main = []() -> Coro<void> {
        const pid_t child = ::fork();
        if (child == 0) {
            std::raise(SIGUSR2);
            ::_exit(1);
        }
        const int code = co_await end_of(child);
        EXPECT_EQ(code, -SIGUSR2);
    };
    loop.run_until_complete(main());
}

}  // namespace
}  // namespace girin::test
