// Binding for real, on loopback and port 0.

#include "supervisor/sockets/listeners.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <future>

#include <gtest/gtest.h>

#include "supervisor/crew/generations.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/endpoint.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin {
namespace {

using namespace std::chrono_literals;
using test::Endpoint;
using test::TempDir;
namespace fs = std::filesystem;

const BindAddress kAnyPort = BindAddress::tcp("127.0.0.1", 0);

ListenOptions lanes_of(std::size_t count) {
    ListenOptions options;
    options.reuse_port = true;
    options.lanes = count;
    return options;
}

ListenerSet open_set(const std::vector<BindAddress>& addresses, const ListenOptions& options = {},
                     const ListenerSet* running = nullptr) {
    auto set = ListenerSet::open(addresses, options, running);
    if (!set) throw std::runtime_error(set.error().message());
    return std::move(*set);
}

std::string text_of(const ListenerSet& set, std::size_t index = 0) { return set.listeners()[index].text(); }

bool connects_to(const std::string& text) {
    const auto fd = test::start_connect(Endpoint::parse(text));
    if (!fd) return false;
    pollfd writable{fd->get(), POLLOUT, 0};
    ::poll(&writable, 1, 5000);
    int error = 0;
    socklen_t bytes = sizeof error;
    ::getsockopt(fd->get(), SOL_SOCKET, SO_ERROR, &error, &bytes);
    return error == 0;
}

/// How many of `count` new connections each lane has queued. Takes them off the queues.
std::vector<int> spread_of(const ListenerSet& set, int count) {
    std::vector<int> queued(set.listeners()[0].lanes());
    std::vector<UniqueFd> clients;
    for (int i = 0; i < count; ++i) {
        auto client = test::start_connect(Endpoint::parse(text_of(set)));
        if (client) clients.push_back(std::move(*client));
    }
    int taken = 0;
    EXPECT_TRUE(test::eventually(5s, "all connections", [&] {
        for (std::size_t lane = 0; lane < queued.size(); ++lane) {
            for (int fd; (fd = ::accept(set.sockets(lane)[0].fd, nullptr, nullptr)) >= 0; ::close(fd)) {
                ++queued[lane];
                ++taken;
            }
        }
        return taken == count;
    }));
    return queued;
}

TEST(Listeners, TellTheRealPort) {
    const ListenerSet set = open_set({kAnyPort, BindAddress::tcp("::1", 0)});
    EXPECT_TRUE(text_of(set).starts_with("127.0.0.1:"));
    EXPECT_FALSE(text_of(set).ends_with(":0"));
    EXPECT_TRUE(text_of(set, 1).starts_with("[::1]:"));
    EXPECT_TRUE(connects_to(text_of(set)));
    EXPECT_TRUE(connects_to(text_of(set, 1)));
}

/// Whether a connection comes to be within a moment: long enough for loopback, and its SYN is not sent again in it.
bool connects_at_once(const std::string& text) {
    const auto fd = test::start_connect(Endpoint::parse(text));
    if (!fd) return false;
    pollfd writable{fd->get(), POLLOUT, 0};
    return ::poll(&writable, 1, 200) > 0;
}

TEST(Listeners, RefuseNewcomersAndKeepWhatIsQueued) {
    const TempDir dir;
    const std::vector<BindAddress> all = {kAnyPort, BindAddress::tcp("::1", 0), BindAddress::unix_socket(dir / "s")};
    ListenerSet set = open_set(all, lanes_of(2));
    std::vector<UniqueFd> clients;
    for (std::size_t i = 0; i < 3; ++i) {
        auto client = test::start_connect(Endpoint::parse(text_of(set, i)));
        ASSERT_TRUE(client);
        clients.push_back(std::move(*client));
    }
    ASSERT_TRUE(set.refuse_new());
    for (std::size_t i = 0; i < 3; ++i) EXPECT_FALSE(connects_at_once(text_of(set, i))) << text_of(set, i);
    for (std::size_t i = 0; i < 3; ++i) {
        int accepted = -1;
        for (std::size_t lane = 0; lane < 2 && accepted < 0; ++lane) {
            accepted = ::accept(set.sockets(lane)[i].fd, nullptr, nullptr);
        }
        ASSERT_GE(accepted, 0) << text_of(set, i);
        EXPECT_EQ(::write(clients[i].get(), "a", 1), 1);
        pollfd readable{accepted, POLLIN, 0};
        EXPECT_EQ(::poll(&readable, 1, 5000), 1) << "data still flows";
        ::close(accepted);
    }
}

// FAULTS 45, a sibling: the first socket that couldn't be told to refuse kept the others from being told.
TEST(Listeners, RefuseNewcomersWhereTheyCan) {
    ListenerSet set = open_set({kAnyPort, kAnyPort}, lanes_of(3));
    const UniqueFd other(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_GE(::dup3(other.get(), set.sockets(0)[0].fd, O_CLOEXEC), 0) << "no socket any more";
    EXPECT_FALSE(set.refuse_new());
    for (std::size_t i = 0; i < 2; ++i) EXPECT_FALSE(connects_at_once(text_of(set, i))) << text_of(set, i);
}

TEST(Listeners, OpenAllOrNone) {
    const TempDir dir;
    const ListenerSet taken = open_set({kAnyPort});
    const auto port = Endpoint::parse(text_of(taken)).port;
    const auto set = ListenerSet::open({BindAddress::unix_socket(dir / "s"), BindAddress::tcp("127.0.0.1", port)}, {});
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().message(), "bind " + text_of(taken) + ": address already in use");
    EXPECT_FALSE(fs::exists(dir / "s"));
}

TEST(FirstGeneration, WaitsForAnAddressThatIsFreedSoon) {
    Endpoint taken = Endpoint::tcp("127.0.0.1", 0);
    auto other = listen_on(taken);
    ASSERT_TRUE(other);
    Settings settings;
    settings.bind = {BindAddress::tcp("127.0.0.1", taken.port)};
    const auto at_once = open_first_generation_blocking(settings, {}, nullptr, false, 0s);
    ASSERT_FALSE(at_once);
    EXPECT_EQ(at_once.error().errno_value(), EADDRINUSE);
    auto later = std::async(std::launch::async, [&] {
        return open_first_generation_blocking(settings, {}, nullptr, false, 60s);
    });
    *other = UniqueFd();
    const auto opened = later.get();
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ(text_of(opened->listeners), taken.to_text());
}

TEST(Listeners, SayThatAPortIsForRootOnly) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may bind every port";
    const auto set = ListenerSet::open({BindAddress::tcp("0.0.0.0", 80)}, {});
    ASSERT_FALSE(set);
    EXPECT_EQ(set.error().message(), "bind 0.0.0.0:80: permission denied");
}

TEST(Listeners, SayThatAHostIsUnknown) {
    const auto set = ListenerSet::open({BindAddress::tcp("no.such.host.invalid", 80)}, {});
    ASSERT_FALSE(set);
    EXPECT_TRUE(set.error().message().starts_with("bind no.such.host.invalid:80: can't look up the host: "));
}

TEST(Listeners, TakeIpv6AndIpv4OfOnePortSideBySide) {
    const ListenerSet probe = open_set({kAnyPort});
    const auto port = Endpoint::parse(text_of(probe)).port;
    ListenerSet closing = open_set({kAnyPort});
    const auto free_port = Endpoint::parse(text_of(closing)).port;
    closing.close();
    EXPECT_NE(port, free_port);
    const auto both = ListenerSet::open({BindAddress::tcp("::", free_port), BindAddress::tcp("0.0.0.0", free_port)}, {});
    EXPECT_TRUE(both) << both.error().message();
}

TEST(Listeners, MakeASocketAnewAfterACrashedServer) {
    const TempDir dir;
    { Endpoint stale = Endpoint::unix_socket(dir / "s"); ASSERT_TRUE(test::listen_on(stale)); }
    ListenerSet set = open_set({BindAddress::unix_socket(dir / "s")});
    EXPECT_EQ(text_of(set), "unix:" + (dir / "s"));
    EXPECT_TRUE(connects_to(text_of(set)));
    set.close();
    EXPECT_FALSE(fs::exists(dir / "s"));
}

TEST(Listeners, TakeAnInheritedSocket) {
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    const auto theirs = test::listen_on(endpoint);
    ASSERT_TRUE(theirs);
    const ListenerSet set = open_set({BindAddress::inherited(theirs->get())});
    EXPECT_EQ(text_of(set), endpoint.to_text());
}

TEST(Listeners, RefuseAnInheritedDescriptorThatDoesNotListen) {
    const auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    const int fd = pipe->first.get();
    EXPECT_EQ(ListenerSet::open({BindAddress::inherited(fd)}, {}).error().message(),
              "bind fd://" + std::to_string(fd) + ": not a listening stream socket");
    EXPECT_EQ(ListenerSet::open({BindAddress::inherited(987)}, {}).error().message(),
              "bind fd://987: bad file descriptor");
}

TEST(ReusePort, GivesEachLaneAQueueOfItsOwn) {
    const ListenerSet set = open_set({kAnyPort}, lanes_of(4));
    ASSERT_EQ(set.listeners()[0].lanes(), 4u);
    for (const int queued : spread_of(set, 200)) EXPECT_GT(queued, 0);
}

TEST(ReusePort, LetsNoSecondMasterIn) {
    const ListenerSet set = open_set({kAnyPort}, lanes_of(2));
    const auto port = Endpoint::parse(text_of(set)).port;
    for (const ListenOptions& options : {lanes_of(2), ListenOptions()}) {
        const auto second = ListenerSet::open({BindAddress::tcp("127.0.0.1", port)}, options);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().message(), "bind " + text_of(set) + ": address already in use");
    }
    EXPECT_FALSE(ListenerSet::open({BindAddress::tcp("0.0.0.0", port)}, lanes_of(2)));
}

TEST(ReusePort, SteersNewConnectionsAwayFromADeadLane) {
    ListenerSet set = open_set({kAnyPort}, lanes_of(3));
    ASSERT_TRUE(set.steer({true, false, true}));
    std::vector<int> queued = spread_of(set, 100);
    EXPECT_GT(queued[0], 0);
    EXPECT_EQ(queued[1], 0);
    EXPECT_GT(queued[2], 0);
    ASSERT_TRUE(set.steer({true, true, true}));
    EXPECT_GT(spread_of(set, 100)[1], 0);
    EXPECT_TRUE(set.steer({true, true, true})) << "again is fine";
}

TEST(ReusePort, WidensForMoreWorkers) {
    ListenerSet set = open_set({kAnyPort}, lanes_of(1));
    ASSERT_TRUE(set.widen(3));
    ASSERT_TRUE(set.widen(2));
    EXPECT_EQ(set.listeners()[0].lanes(), 3u);
    for (const int queued : spread_of(set, 200)) EXPECT_GT(queued, 0);
}

class ReloadedListeners : public testing::Test {
  protected:
    const TempDir dir_;
    const BindAddress kept_ = BindAddress::unix_socket(dir_ / "kept");
    const BindAddress old_ = BindAddress::unix_socket(dir_ / "old");
    const BindAddress new_ = BindAddress::unix_socket(dir_ / "new");
};

TEST_F(ReloadedListeners, ShareWhatStaysAndDropTheRest) {
    ListenerSet running = open_set({kAnyPort, kept_, old_});
    ListenerSet next = open_set({kept_, new_, kAnyPort}, {}, &running);
    EXPECT_EQ(text_of(next, 2), text_of(running, 0));
    next.succeed(running);
    running = ListenerSet();
    EXPECT_TRUE(fs::exists(dir_ / "kept"));
    EXPECT_TRUE(fs::exists(dir_ / "new"));
    EXPECT_FALSE(fs::exists(dir_ / "old"));
    EXPECT_TRUE(connects_to(text_of(next, 0)));
    EXPECT_TRUE(connects_to(text_of(next, 2)));
}

TEST_F(ReloadedListeners, LeaveTheRunningOnesAloneWhenDropped) {
    const ListenerSet running = open_set({kAnyPort, kept_, old_});
    { const ListenerSet next = open_set({kept_, new_}, {}, &running); }
    EXPECT_TRUE(fs::exists(dir_ / "old"));
    EXPECT_FALSE(fs::exists(dir_ / "new"));
    for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(connects_to(text_of(running, i)));
}

TEST_F(ReloadedListeners, ShareLanesToo) {
    const ListenerSet running = open_set({kAnyPort}, lanes_of(2));
    const ListenerSet next = open_set({kAnyPort}, lanes_of(3), &running);
    EXPECT_EQ(next.listeners()[0].lanes(), 3u);
    EXPECT_EQ(text_of(next), text_of(running));
}

}  // namespace
}  // namespace girin
