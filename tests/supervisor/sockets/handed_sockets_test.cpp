// Sockets that were handed over: which address gets which.

#include "supervisor/sockets/handed_sockets.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "supervisor/sockets/listener.hpp"
#include "supervisor/sockets/listening_name.hpp"
#include "tests/support/endpoint.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin {
namespace {

using test::Endpoint;

HandedSocket handed(const UniqueFd& socket, const std::string& bind = "", std::size_t lane = 0) {
    HandedSocket result;
    result.fd = *duplicate(socket.get());
    result.bind = bind;
    result.lane = lane;
    return result;
}

BindAddress to_bind(const Endpoint& endpoint) { return *parse_bind_address(endpoint.to_text()); }

ListenOptions options_with(HandedSockets& sockets) {
    ListenOptions options;
    options.handed = &sockets;
    return options;
}

std::size_t count_of_listening(const Listener& listener) { return listener.descriptors().size(); }

TEST(HandedSockets, AreTakenByTheirAddress) {
    Endpoint wanted = Endpoint::tcp("127.0.0.1", 0), other = Endpoint::tcp("127.0.0.1", 0);
    const auto first = test::listen_on(wanted);
    const auto second = test::listen_on(other);
    HandedSockets sockets;
    ASSERT_TRUE(sockets.add(handed(*second)));
    ASSERT_TRUE(sockets.add(handed(*first)));
    const auto listener = Listener::open(to_bind(wanted), options_with(sockets));
    ASSERT_TRUE(listener) << listener.error().message();
    EXPECT_EQ(listener->text(), wanted.to_text());
    EXPECT_EQ(sockets.left(), std::vector<std::string>{other.to_text()});
}

TEST(HandedSockets, FitAnyPortThatIsLeftToTheKernel) {
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    const auto socket = test::listen_on(endpoint);
    HandedSockets sockets;
    ASSERT_TRUE(sockets.add(handed(*socket)));
    const auto listener = Listener::open(BindAddress::tcp("127.0.0.1", 0), options_with(sockets));
    ASSERT_TRUE(listener);
    EXPECT_EQ(listener->text(), endpoint.to_text());
}

TEST(HandedSockets, KeepTheOrderOfTheirLanes) {
    ListenOptions options;
    options.reuse_port = true;
    options.lanes = 3;
    const auto original = Listener::open(BindAddress::tcp("127.0.0.1", 0), options);
    ASSERT_TRUE(original);
    HandedSockets sockets;
    const std::vector<int> fds = original->descriptors();
    for (const std::size_t lane : {2U, 0U, 1U}) {
        HandedSocket socket;
        socket.fd = *duplicate(fds[lane]);
        socket.lane = lane;
        ASSERT_TRUE(sockets.add(std::move(socket)));
    }
    options.handed = &sockets;
    const auto listener = Listener::open(BindAddress::tcp("127.0.0.1", 0), options);
    ASSERT_TRUE(listener);
    EXPECT_EQ(listener->lanes(), 3U);
    EXPECT_EQ(listener->text(), original->text());
}

TEST(HandedSockets, BeyondTheLanesWantedAreSharedByAll) {
    ListenOptions options;
    options.reuse_port = true;
    options.lanes = 4;
    const auto original = Listener::open(BindAddress::tcp("127.0.0.1", 0), options);
    ASSERT_TRUE(original);
    HandedSockets sockets;
    for (const int fd : original->descriptors()) {
        HandedSocket socket;
        socket.fd = *duplicate(fd);
        ASSERT_TRUE(sockets.add(std::move(socket)));
    }
    options.handed = &sockets;
    options.lanes = 2;
    auto listener = Listener::open(*parse_bind_address(original->text()), options);
    ASSERT_TRUE(listener);
    EXPECT_EQ(listener->lanes(), 2U);
    EXPECT_EQ(listener->sockets(0).size(), 3U) << "its own lane, and the two that nobody has";
    EXPECT_EQ(count_of_listening(*listener), 4U);
    ASSERT_TRUE(listener->widen(4, options));
    EXPECT_EQ(count_of_listening(*listener), 4U) << "what was left over is used before new ones are opened";
    EXPECT_EQ(listener->sockets(0).size(), 1U);
}

TEST(HandedSockets, OnTrialGetNoNewLanes) {
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    const auto socket = test::listen_on(endpoint);
    HandedSockets sockets;
    ASSERT_TRUE(sockets.add(handed(*socket)));
    ListenOptions options = options_with(sockets);
    options.reuse_port = true;
    options.lanes = 4;
    options.on_trial = true;
    const auto listener = Listener::open(to_bind(endpoint), options);
    ASSERT_TRUE(listener);
    EXPECT_EQ(listener->lanes(), 1U) << "on a new lane connections would wait that a roll-back resets";
}

TEST(HandedSockets, AreKeptOnceEach) {
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    const auto socket = test::listen_on(endpoint);
    HandedSockets sockets;
    ASSERT_TRUE(sockets.add(handed(*socket)));
    ASSERT_TRUE(sockets.add(handed(*socket)));
    EXPECT_EQ(sockets.left().size(), 1U);
}

TEST(HandedSockets, ThatDoNotListenAreRefused) {
    const auto pipe = make_pipe();
    HandedSockets sockets;
    const auto added = sockets.add(handed(pipe->first));
    ASSERT_FALSE(added);
    EXPECT_NE(added.error().message().find("not a listening stream socket"), std::string::npos);
}

TEST(HandedSockets, OfAUnixPathAreFoundAndTheirFileIsRemovedAtTheEnd) {
    const test::TempDir dir;
    const std::string path = dir / "s";
    ListenOptions options;
    auto original = Listener::open(BindAddress::unix_socket(path), options);
    ASSERT_TRUE(original);
    HandedSockets sockets;
    HandedSocket socket;
    socket.fd = *duplicate(original->descriptors()[0]);
    socket.file_device = original->file().device();
    socket.file_inode = original->file().inode();
    ASSERT_TRUE(sockets.add(std::move(socket)));
    original->leave_file();
    original = Error("gone");
    ASSERT_TRUE(std::filesystem::exists(path)) << "the file is the successor's";
    options.handed = &sockets;
    auto listener = Listener::open(BindAddress::unix_socket(path), options);
    ASSERT_TRUE(listener) << listener.error().message();
    listener = Error("gone");
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(HandedSockets, OfAManagersOwnAreWhatThereIsToListenOn) {
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    const auto socket = test::listen_on(endpoint);
    const int number = duplicate(socket->get())->release();
    auto sockets = take_activated_sockets(number, 1, {"shop.socket"});
    ASSERT_TRUE(sockets) << sockets.error().message();
    const std::vector<BindAddress> own = sockets->own_addresses();
    ASSERT_EQ(own, std::vector<BindAddress>{BindAddress::inherited(number)});
    const auto listener = Listener::open(own[0], options_with(*sockets));
    ASSERT_TRUE(listener);
    EXPECT_TRUE(listener->is_foreign());
    EXPECT_EQ(listener->text(), endpoint.to_text());
}

TEST(ListeningName, IsReadAsItWasWritten) {
    ListeningName name;
    name.lane = 7;
    name.device = 64769;
    name.inode = 123456789;
    const std::string text = to_text(name, "unix:/run/a b.sock");
    EXPECT_EQ(text, "girin.7.64769.123456789.unix-/run/a-b.sock");
    const auto read = parse_listening_name(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->lane, name.lane);
    EXPECT_EQ(read->device, name.device);
    EXPECT_EQ(read->inode, name.inode);
}

TEST(ListeningName, OfOthersIsNone) {
    for (const char* text : {"", "shop.socket", "girin.", "girin.1.2", "girin.1.2.x.", "girin.-1.0.0.a", "stored"}) {
        EXPECT_FALSE(parse_listening_name(text)) << text;
    }
}

}  // namespace
}  // namespace girin
