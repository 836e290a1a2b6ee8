#include "girin/net/acceptor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <functional>
#include <thread>

#include "girin/loop/asio_loop.hpp"
#include "tests/loop/sockets.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class Sink final : public Acceptor::Sink {
  public:
    void on_accepted(Acceptor&, Accepted connection) override {
        accepted.push_back(std::move(connection));
        if (then) then();
    }
    void on_exhausted(Acceptor&, int errno_value) override {
        exhausted.push_back(errno_value);
        if (then) then();
    }

    std::vector<Accepted> accepted;
    std::vector<int> exhausted;
    std::function<void()> then;
};

class CountsTurns final : public TurnObserver {
  public:
    void turn_began(TimePoint) noexcept override { ++turns; }
    void turn_ended() noexcept override {}
    std::atomic<int> turns = 0;
};

struct AcceptorTest : testing::Test {
    /// Runs the loop until `done`, or fails.
    void run_until(std::function<bool()> done) {
        const Handle too_late = loop.call_later(10s, [this] {
            ADD_FAILURE() << "nothing came";
            loop.stop();
        });
        sink.then = [this, done] {
            if (done()) loop.stop();
        };
        if (!done()) loop.run_forever();
        Handle(too_late).cancel();
    }
    void run_for(Duration duration) {
        loop.call_later(duration, [this] { loop.stop(); });
        loop.run_forever();
    }
    UniqueFd connect() { return connect_to(port); }

    AsioLoop loop;
    UniqueFd listening = listen_on_loopback();
    std::uint16_t port = port_of(listening.get());
    Sink sink;
};

UniqueFd copy(const UniqueFd& fd) { return duplicate(fd.get()).value(); }

TEST_F(AcceptorTest, HandsConnectionsOverWithTheirPeer) {
    Acceptor acceptor(loop, copy(listening), sink);
    acceptor.arm();
    const UniqueFd client = connect();
    run_until([this] { return sink.accepted.size() == 1; });
    ASSERT_EQ(sink.accepted.size(), 1U);
    EXPECT_EQ(sink.accepted[0].peer.to_text(), "127.0.0.1:" + std::to_string(port_of(client.get())));
    const int fd = sink.accepted[0].fd.get();
    EXPECT_NE(::fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(AcceptorTest, TakesAllThatWaitThoughOnlyAFewAWake) {
    Acceptor acceptor(loop, copy(listening), sink);
    std::vector<UniqueFd> clients;
    for (int i = 0; i < 50; ++i) clients.push_back(connect());
    acceptor.arm();
    run_until([this] { return sink.accepted.size() == 50; });
}

TEST_F(AcceptorTest, TakesNothingWhileDisarmed) {
    Acceptor acceptor(loop, copy(listening), sink);
    const UniqueFd early = connect();
    run_for(5ms);
    EXPECT_EQ(sink.accepted.size(), 0U);
    acceptor.arm();
    run_until([this] { return sink.accepted.size() == 1; });
    acceptor.disarm();
    EXPECT_FALSE(acceptor.is_armed());
    const UniqueFd late = connect();
    run_for(5ms);
    EXPECT_EQ(sink.accepted.size(), 1U);
    acceptor.arm();
    acceptor.arm();  // behind the others once more
    run_until([this] { return sink.accepted.size() == 2; });
}

TEST_F(AcceptorTest, TakesWhatIsPendingWhenToldTo) {
    Acceptor acceptor(loop, copy(listening), sink);
    std::vector<UniqueFd> clients;
    for (int i = 0; i < 10; ++i) clients.push_back(connect());
    EXPECT_EQ(acceptor.accept_pending(4), 4U);
    EXPECT_EQ(acceptor.accept_pending(100), 6U);
    EXPECT_EQ(acceptor.accept_pending(100), 0U);
    EXPECT_EQ(sink.accepted.size(), 10U);
}

TEST_F(AcceptorTest, LosesNothingThatItTookBeforeItWasDisarmed) {
    Acceptor acceptor(loop, copy(listening), sink);
    acceptor.arm();
    std::vector<UniqueFd> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(connect());
    run_until([this] { return !sink.accepted.empty(); });
    acceptor.disarm();
    acceptor.accept_pending(100);
    EXPECT_EQ(sink.accepted.size(), 20U);
}

TEST_F(AcceptorTest, LeavesTheSocketToOthersWhenDestroyed) {
    { Acceptor gone(loop, copy(listening), sink); }
    Acceptor acceptor(loop, copy(listening), sink);
    acceptor.arm();
    { Acceptor gone(loop, copy(listening), sink); }
    {
        Acceptor gone(loop, copy(listening), sink);
        gone.arm();
    }
    const UniqueFd client = connect();
    run_until([this] { return sink.accepted.size() == 1; });
}

TEST_F(AcceptorTest, SkipsAConnectionThatIsGoneAlready) {
    Acceptor acceptor(loop, copy(listening), sink);
    reset_connection(connect());
    const UniqueFd client = connect();
    acceptor.arm();
    run_until([this] { return !sink.accepted.empty() && sink.accepted.back().peer.port() != 0; });
    EXPECT_EQ(sink.exhausted, std::vector<int>{});
}

/// Of this thread.
Duration cpu_time() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

/// No descriptor can be opened while it lives.
class NoDescriptorsLeft {
  public:
    NoDescriptorsLeft() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const UniqueFd next(::dup(0));
        const rlimit none{static_cast<rlim_t>(next.get()), before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoDescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

TEST_F(AcceptorTest, DisarmsItselfWithoutDescriptorsAndDoesNotSpin) {
    Acceptor acceptor(loop, copy(listening), sink);
    acceptor.arm();
    const UniqueFd client = connect();
    {
        const NoDescriptorsLeft scarce;
        run_until([this] { return !sink.exhausted.empty(); });
        EXPECT_EQ(sink.exhausted, std::vector{EMFILE});
        EXPECT_FALSE(acceptor.is_armed());
        const Duration before = cpu_time();
        run_for(100ms);
        EXPECT_LT(cpu_time() - before, 50ms);
    }
    EXPECT_EQ(sink.exhausted.size(), 1U);
    acceptor.arm();
    run_until([this] { return sink.accepted.size() == 1; });
}

TEST_F(AcceptorTest, SaysThatTheSocketListensNoMore) {
    Acceptor acceptor(loop, copy(listening), sink);
    acceptor.arm();
    ::shutdown(listening.get(), SHUT_RD);
    run_until([this] { return !sink.exhausted.empty(); });
    EXPECT_EQ(sink.exhausted, std::vector{EINVAL});
    EXPECT_FALSE(acceptor.is_armed());
}

/// A worker in a thread: a loop of its own over the shared socket. What it accepts it counts and closes.
class Worker final : public Acceptor::Sink {
  public:
    explicit Worker(const UniqueFd& listening)
        : acceptor_(loop_, copy(listening), *this), thread_([this] { run(); }) {}
    ~Worker() {
        loop_.call_soon_threadsafe([this] { loop_.stop(); });
        thread_.join();
    }

    std::atomic<bool> armed = false;
    std::atomic<int> accepted = 0;
    CountsTurns observer;

  private:
    void run() {
        loop_.set_turn_observer(&observer);
        acceptor_.arm();
        armed = true;
        loop_.run_forever();
    }
    void on_accepted(Acceptor&, Accepted) override { ++accepted; }
    void on_exhausted(Acceptor&, int) override { ADD_FAILURE(); }

    AsioLoop loop_;
    Acceptor acceptor_;
    std::thread thread_;
};

/// Connects, and waits until whoever accepted it has closed it.
void visit(std::uint16_t port) {
    const UniqueFd client = connect_to(port);
    char byte;
    EXPECT_EQ(::recv(client.get(), &byte, 1, 0), 0);
}

TEST_F(AcceptorTest, SharesASocketWithoutLosingAConnection) {
    Worker first(listening), second(listening);
    for (int i = 0; i < 200; ++i) visit(port);
    EXPECT_EQ(first.accepted + second.accepted, 200);
}

#if GIRIN_ASIO_INTERNALS
TEST_F(AcceptorTest, WakesOneOfThoseThatWaitAndEachInItsTurn) {
    Worker first(listening), second(listening), third(listening);
    for (Worker* const worker : {&first, &second, &third}) {
        while (!worker->armed) std::this_thread::yield();
    }
    constexpr int kVisits = 300;
    for (int i = 0; i < kVisits; ++i) visit(port);
    const int turns = first.observer.turns + second.observer.turns + third.observer.turns;
    EXPECT_LT(turns, kVisits * 3 / 2 + 30);  // a herd of three would take 3 a visit
    for (const Worker* worker : {&first, &second, &third}) EXPECT_GE(worker->accepted, kVisits / 30);
}
#endif

}  // namespace
}  // namespace girin::test
