// What one master hands to the next: written, read, and checked.

#include "supervisor/upgrade/handover.hpp"

#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/endpoint.hpp"

namespace girin {
namespace {

HandoverSocket socket_at(int fd, const std::string& address) {
    HandoverSocket socket;
    socket.fd = fd;
    socket.bind = "127.0.0.1:0";
    socket.address = address;
    return socket;
}

TEST(Handover, IsReadAsItWasWritten) {
    Handover handover;
    handover.channel_fd = 5;
    handover.pidfile_fd = 6;
    handover.pidfile = "/run/my shop/girin.pid";
    HandoverSocket socket = socket_at(7, "unix:/run/my shop/s");
    socket.lane = 3;
    socket.foreign = true;
    socket.file_device = 64769;
    socket.file_inode = 123456789;
    handover.sockets.push_back(socket);
    handover.control.push_back(socket_at(8, "127.0.0.1:9000"));
    const auto memory = write_to_memory(*to_text(handover));
    ASSERT_TRUE(memory);
    const auto read = parse_handover(*read_memory(memory->get()));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->channel_fd, 5);
    EXPECT_EQ(read->pidfile_fd, 6);
    EXPECT_EQ(read->pidfile, handover.pidfile);
    ASSERT_EQ(read->sockets.size(), 1U);
    EXPECT_EQ(read->sockets[0].fd, 7);
    EXPECT_EQ(read->sockets[0].lane, 3U);
    EXPECT_TRUE(read->sockets[0].foreign);
    EXPECT_EQ(read->sockets[0].file_device, 64769U);
    EXPECT_EQ(read->sockets[0].file_inode, 123456789U);
    EXPECT_EQ(read->sockets[0].bind, socket.bind);
    EXPECT_EQ(read->sockets[0].address, socket.address);
    ASSERT_EQ(read->control.size(), 1U);
    EXPECT_EQ(read->control[0].fd, 8);
    EXPECT_EQ(read->control[0].address, "127.0.0.1:9000");
}

// FAULTS K5, a sibling: what was longer was cut, perhaps between two sockets.
TEST(Handover, IsWholeOrRefused) {
    const std::string longest(1 << 20, 'x');
    const auto memory = write_to_memory(longest);
    ASSERT_TRUE(memory);
    EXPECT_EQ(*read_memory(memory->get()), longest);
    const auto too_long = write_to_memory(longest + "y");
    ASSERT_FALSE(too_long);
    EXPECT_EQ(too_long.error().message(),
              "hand over to a new master: its description takes 1048577 bytes, and may take 1048576");
    ASSERT_EQ(::pwrite(memory->get(), "y", 1, 1 << 20), 1);
    const auto read = read_memory(memory->get());
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message(),
              "take over from the running master: its description takes 1048577 bytes, and may take 1048576");
}

TEST(Handover, InPlaceNamesWorkersAndAWayBackInsteadOfAChannel) {
    Handover handover;
    handover.in_place = true;
    handover.binary_fd = 9;
    handover.failure = "it didn't serve";
    handover.elders = {Elder(101, 10), Elder(102, -1), Elder(103, 11, true)};
    handover.requests_fd = 12;
    handover.askers = {7, 9};
    const auto read = parse_handover(*to_text(handover));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_TRUE(read->in_place);
    EXPECT_EQ(read->channel_fd, -1);
    EXPECT_EQ(read->binary_fd, 9);
    EXPECT_EQ(read->failure, handover.failure);
    ASSERT_EQ(read->elders.size(), 3U);
    EXPECT_EQ(read->elders[0].pid, 101);
    EXPECT_EQ(read->elders[0].channel_fd, 10);
    EXPECT_EQ(read->elders[1].channel_fd, -1);
    EXPECT_TRUE(read->elders[2].is_monitor && !read->elders[0].is_monitor);
    EXPECT_EQ(read->requests_fd, 12);
    EXPECT_EQ(read->askers, (std::vector<std::uint64_t>{7, 9}));
    for (const char* rest : {"elder\t101\t1\n", "elder\t1\t5\t0\n", "place\tx\t\n", "askers\t5\n", "askers\t5\tx\n"}) {
        EXPECT_FALSE(parse_handover(*to_text(handover) + rest)) << rest;
    }
}

// FAULTS K5: what is written is read, also where an operator's path or a failure's reason has a tab or a line's end in it.
TEST(Handover, TellsNothingThatTheNextOneWouldNotUnderstand) {
    for (const char* path : {"/run/a\tb", "/run/a\nb"}) {
        Handover handover;
        handover.channel_fd = 5;
        handover.sockets.push_back(socket_at(7, std::string("unix:") + path));
        EXPECT_FALSE(to_text(handover)) << path;
        handover.sockets.clear();
        handover.pidfile_fd = 6;
        handover.pidfile = path;
        EXPECT_FALSE(to_text(handover)) << path;
    }
    Handover back;
    back.in_place = true;
    back.failure = "it said:\n\tno";
    const auto read = parse_handover(*to_text(back));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->failure, "it said:  no");
}

TEST(Handover, OfAnotherVersionIsRefused) {
    const auto read = parse_handover("girin-handover\t2\nchannel\t5\n");
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message().find("another version"), std::string::npos);
}

TEST(Handover, ThatIsBrokenIsRefused) {
    const std::string title = "girin-handover\t3\n";
    for (const char* rest : {"", "channel\tx\n", "channel\t5\nlistener\t1\n", "channel\t5\nwhat\t1\n", "channel\t5\n\n\n",
                             "channel\t5\nrehearsal\t1\n",
                             "channel\t5\nlistener\tx\t0\t0\t0\t0\ta\tb\n"}) {
        EXPECT_FALSE(parse_handover(title + rest)) << rest;
    }
    EXPECT_FALSE(parse_handover(""));
}

TEST(Handover, CanNotNameAPathOfTwoLines) {
    Handover handover;
    handover.channel_fd = 5;
    handover.pidfile_fd = 6;
    handover.pidfile = "a\nlistener\t0";
    EXPECT_FALSE(to_text(handover));
}

TEST(Handover, ItsSocketsAreWhatTheyAreSaidToBe) {
    test::Endpoint endpoint = test::Endpoint::tcp("127.0.0.1", 0);
    const auto listening = test::listen_on(endpoint);
    ASSERT_TRUE(listening);
    Handover handover;
    handover.sockets.push_back(socket_at(duplicate(listening->get())->release(), endpoint.to_text()));
    const auto taken = take_sockets(handover.sockets);
    ASSERT_TRUE(taken) << taken.error().message();
    EXPECT_EQ(taken->left(), std::vector<std::string>{endpoint.to_text()});
    handover.sockets[0] = socket_at(listening->get(), "127.0.0.1:1");
    const auto wrong = take_sockets(handover.sockets);
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message().find("is bound to " + endpoint.to_text()), std::string::npos);
}

}  // namespace
}  // namespace girin
