// Taking connections: limits, the end of descriptors, siblings, and what the scoreboard tells of it.

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "girin/loop/task.hpp"
#include "tests/support/proc.hpp"
#include "tests/worker/serving/server_test.hpp"

namespace girin::test {
namespace {

using Accept = ServerTest;
using Counters = ServerTest;

/// While it lives, this process has no descriptor left but those that are closed meanwhile.
class NoDescriptorsLeft {
  public:
    NoDescriptorsLeft() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit low = before_;
        low.rlim_cur = 256;
        ::setrlimit(RLIMIT_NOFILE, &low);
        for (;;) {
            UniqueFd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
            if (!one) break;
            taken_.push_back(std::move(one));
        }
    }
    ~NoDescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
    std::vector<UniqueFd> taken_;
};

/// Waits for connections as a worker does, is woken for them, and takes none: as if it were killed each time.
class SiblingThatTakesNone {
  public:
    explicit SiblingThatTakesNone(int listener)
        : end_(::eventfd(0, EFD_CLOEXEC)), thread_([this, listener] { wait(listener); }) {}
    ~SiblingThatTakesNone() {
        ::eventfd_write(end_.get(), 1);
        thread_.join();
    }
    bool waits() const { return thread_id_ != 0 && state_of(thread_id_) == 'S'; }
    int wakes() const { return wakes_; }

  private:
    void wait(int listener) {
        const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
        epoll_event event{};
        event.data.fd = listener;
        event.events = EPOLLIN | EPOLLET | EPOLLEXCLUSIVE;
        ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, listener, &event);
        event.data.fd = end_.get();
        event.events = EPOLLIN;
        ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, end_.get(), &event);
        thread_id_ = ::gettid();
        while (::epoll_wait(epoll.get(), &event, 1, -1) == 1 && event.data.fd == listener) ++wakes_;
    }

    std::atomic<pid_t> thread_id_ = 0;
    std::atomic<int> wakes_ = 0;
    UniqueFd end_;
    std::thread thread_;
};

class TurnCounter final : public TurnObserver {
  public:
    void turn_began(TimePoint) noexcept override { ++turns; }
    void turn_ended() noexcept override {}
    int turns = 0;
};

TEST_F(Accept, BeyondTheLimitLeavesConnectionsToTheKernel) {
    constexpr std::size_t kClients = 20;
    constexpr std::uint32_t kTakenAtOnce = 4;  // in one wake-up, which may go beyond the limit by so many less one
    options.limits.connections = 2;
    start();
    std::vector<Client> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
        clients.push_back(connect());
        clients.back().send_some("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for (Client& client : clients) {
        EXPECT_EQ(client.read_response().body, "hello");
        EXPECT_LT(connections(), 2 + kTakenAtOnce);
        client.close();
    }
    EXPECT_TRUE(connections_become(0));
    EXPECT_EQ(slot().accepted, kClients);
}

TEST_F(Accept, WithoutDescriptorsNeitherSpinsNorEndsAndRecovers) {
    start();
    TurnCounter counter;
    loop.set_turn_observer(&counter);
    const auto wait_a_while = [this] { driver.run_until([] { return false; }, milliseconds(100) / kSlowBuildFactor); };
    Client served = connect();
    EXPECT_EQ(served.get("/").body, "hello");
    std::vector<Client> waiting;
    for (int i = 0; i < 5; ++i) {
        waiting.push_back(connect());
        waiting.back().send_some("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    {
        const NoDescriptorsLeft none;
        run_turns(10);
        EXPECT_EQ(served.get("/").body, "hello") << "those who are in are served";
        served.send_some("GET / HT");  // begun: else it would make room
        counter.turns = 0;
        wait_a_while();
        EXPECT_LT(counter.turns, 400) << "the loop spins on a listener that it can't accept from";
        EXPECT_EQ(slot().accepted, 1U);
        served.close();  // frees two, and has the server look again, and fail again
        run_turns(50);
    }
    for (Client& client : waiting) EXPECT_EQ(client.read_response().body, "hello");
    loop.set_turn_observer(nullptr);
    EXPECT_EQ(count_of("\n", log()), 1U) << log();
    EXPECT_EQ(count_in_log("too many open files"), 1U) << log();
}

TEST_F(Accept, WhereSiblingsShareAListenerSpreadsWhatStays) {
    start();
    WorkerInfo second;
    second.pid = ::getpid();
    second.slot = 1;
    Server sibling(loop, options, application, ServerPlace(second, board.slots()));
    sibling.open({ListenerSocket(listener.get(), endpoint.to_text(), false)}).value();
    sibling.start_accepting();
    std::vector<Client> clients;
    for (int i = 0; i < 60; ++i) {
        clients.push_back(connect());
        EXPECT_EQ(clients.back().get("/").body, "hello");
    }
    const std::uint32_t first_has = board[0].connections;
    const std::uint32_t second_has = board[1].connections;
    EXPECT_EQ(first_has + second_has, 60U);
    EXPECT_LE(std::max(first_has, second_has) - std::min(first_has, second_has), 2 * 4U + 1);
    const Task<void> drained = loop.create_task(sibling.drain(Duration::zero(), false), "drain");
    EXPECT_TRUE(run_until([&] { return drained.done(); }));
}

TEST_F(Accept, TakesWhatASiblingWasWokenForAndDidNotTake) {
    constexpr int kBeforeItGivesWay = 16;  // then it waits behind its siblings
    start();
    const SiblingThatTakesNone sibling(listener.get());
    for (int i = 0; i < kBeforeItGivesWay; ++i) EXPECT_EQ(connect().get("/").body, "hello");
    ASSERT_TRUE(run_until([&] { return sibling.waits(); }));
    const int before = sibling.wakes();
    Client client = connect();
    EXPECT_EQ(client.get("/").body, "hello");
    if (sibling.wakes() == before) GTEST_SKIP() << "the sibling was not woken this time";
}

TEST_F(Counters, TellConnectionsRequestsAndErrors) {
    start();
    EXPECT_EQ(slot().accepting, 1U);
    Client client = connect();
    Client other = connect();
    EXPECT_EQ(client.get("/").status, 200);
    EXPECT_EQ(client.get("/missing").status, 404);
    other.send("nonsense\r\n\r\n");
    EXPECT_EQ(other.read_response().status, 400);
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(run_until([&] { return scene.entered == 2; }));
    EXPECT_EQ(slot().requests_in_flight, 1U);
    EXPECT_EQ(slot().requests, 3U);
    EXPECT_EQ(slot().accepted, 2U);
    EXPECT_EQ(slot().connections, 2U);
    scene.open_gate();
    EXPECT_EQ(client.read_response().status, 200);
    EXPECT_EQ(slot().requests_in_flight, 0U);
    EXPECT_EQ(slot().requests, 4U);
    EXPECT_EQ(slot().errors_5xx, 0U);
    client.close();
    other.close();
    EXPECT_TRUE(connections_become(0));
}

TEST_F(Counters, TellOnceThatTheWorkerIsWornOut) {
    options.max_requests = 5;
    int told = 0;
    start();
    server->set_on_worn_out([&told] { ++told; });
    Client client = connect();
    for (int i = 0; i < 4; ++i) client.get("/");
    EXPECT_EQ(told, 0);
    for (int i = 0; i < 6; ++i) EXPECT_EQ(client.get("/").status, 200) << "it serves on until it is replaced";
    EXPECT_EQ(told, 1);
}

TEST_F(Counters, SpreadTheWearByTheJitter) {
    options.max_requests = 5;
    options.max_requests_jitter = 3;
    int told = 0;
    start();
    server->set_on_worn_out([&told] { ++told; });
    Client client = connect();
    for (int i = 0; i < 4; ++i) client.get("/");
    EXPECT_EQ(told, 0);
    for (int i = 0; i < 4; ++i) client.get("/");
    EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace girin::test
