#include "supervisor/zygote/zygote_message.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>

namespace girin {
namespace {

struct ZygoteChannel : testing::Test {
    ZygoteChannel() {
        auto made = make_zygote_pair();
        EXPECT_TRUE(made);
        ends = std::move(*made);
    }
    /// As a zygote that isn't ours would.
    void say(const std::vector<std::byte>& packet) {
        ASSERT_EQ(::send(ends.second.get(), packet.data(), packet.size(), 0), static_cast<ssize_t>(packet.size()));
    }

    std::pair<UniqueFd, UniqueFd> ends;
    ZygoteReport report;
};

ino_t inode(int fd) {
    struct stat about {};
    ::fstat(fd, &about);
    return about.st_ino;
}

TEST_F(ZygoteChannel, CarriesAnOrderWithItsDescriptors) {
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    ZygoteOrder order;
    order.number = 9;
    order.slot = 3;
    order.generation = 2;
    order.cpu = 1;
    order.log_level = LogLevel::debug;
    order.channel_fd = pipe->first.get();
    order.access_log_fd = pipe->second.get();
    order.listeners = {ListenerSocket(0, "127.0.0.1:8000", false), ListenerSocket(1, "unix:/run/shop.sock", true, true)};
    ASSERT_TRUE(send_order(ends.first.get(), order));
    const auto received = receive_order_blocking(ends.second.get());
    ASSERT_TRUE(received);
    EXPECT_EQ(received->order.number, 9u);
    EXPECT_EQ(received->order.slot, 3u);
    EXPECT_EQ(received->order.generation, 2u);
    EXPECT_EQ(received->order.cpu, 1u);
    EXPECT_EQ(received->order.log_level, LogLevel::debug);
    EXPECT_EQ(inode(received->order.channel_fd), inode(order.channel_fd));
    EXPECT_EQ(received->order.error_log_fd, -1);
    EXPECT_EQ(inode(received->order.access_log_fd), inode(order.access_log_fd));
    ASSERT_EQ(received->order.listeners.size(), 2u);
    EXPECT_EQ(received->order.listeners[1].address, "unix:/run/shop.sock");
    EXPECT_TRUE(received->order.listeners[1].is_unix);
    EXPECT_TRUE(received->order.listeners[1].is_inherited);
    EXPECT_FALSE(received->order.listeners[0].is_unix);
}

TEST_F(ZygoteChannel, RefusesMoreListenersThanAPacketTakes) {
    ZygoteOrder order;
    order.channel_fd = 0;
    order.listeners.resize(ZygoteOrder::kMostDescriptors, ListenerSocket(0, "127.0.0.1:1", false));
    const auto sent = send_order(ends.first.get(), order);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().message(), "too many addresses to listen on for --preload: 250");
}

TEST_F(ZygoteChannel, TellsAZygoteThatItsMasterIsGone) {
    ends.first.reset();
    EXPECT_FALSE(receive_order_blocking(ends.second.get()));
}

TEST_F(ZygoteChannel, CarriesAReport) {
    ASSERT_TRUE(send_report(ends.second.get(), ZygoteReport(ZygoteSays::not_forked, 7, -1, "fork: no memory")));
    ASSERT_EQ(receive_report(ends.first.get(), report), ReceivedReport::report);
    EXPECT_EQ(report.says, ZygoteSays::not_forked);
    EXPECT_EQ(report.number, 7u);
    EXPECT_EQ(report.value, -1);
    EXPECT_EQ(report.text, "fork: no memory");
    EXPECT_EQ(receive_report(ends.first.get(), report), ReceivedReport::nothing_yet);
}

TEST_F(ZygoteChannel, CutsWhatIsTooLong) {
    ASSERT_TRUE(send_report(ends.second.get(), ZygoteReport(ZygoteSays::not_loaded, 0, 3, std::string(10'000, 'x'))));
    ASSERT_EQ(receive_report(ends.first.get(), report), ReceivedReport::report);
    EXPECT_EQ(report.text.size(), ZygoteReport::kMostText);
}

TEST_F(ZygoteChannel, TakesNoControlCharactersFromAZygote) {
    send_report(ends.second.get(), ZygoteReport(ZygoteSays::not_loaded, 0, 3, "a\nb\x1b[2J"));
    ASSERT_EQ(receive_report(ends.first.get(), report), ReceivedReport::report);
    EXPECT_EQ(report.text, "a b [2J");
}

TEST_F(ZygoteChannel, TakesNothingElseForAReport) {
    const std::vector<std::byte> whole = pack(ZygoteReport(ZygoteSays::loaded, 0, 0, "text"));
    std::vector<std::vector<std::byte>> broken;
    for (std::size_t size = 1; size < whole.size(); ++size) {
        broken.emplace_back(whole.begin(), whole.begin() + static_cast<long>(size));
    }
    broken.push_back(whole);
    broken.back().push_back(std::byte{0});
    for (const std::size_t at : {0U, 1U, 2U}) {  // version, kind, length
        broken.push_back(whole);
        broken.back()[at] = std::byte{0x77};
    }
    for (const auto& packet : broken) {
        say(packet);
        EXPECT_EQ(receive_report(ends.first.get(), report), ReceivedReport::broken) << packet.size();
    }
}

TEST_F(ZygoteChannel, LetsAWorkerGoOnOnlyWhenItIsTold) {
    ASSERT_TRUE(send_go(ends.first.get()));
    EXPECT_TRUE(receive_go_blocking(ends.second.get()));
    ends.first.reset();
    EXPECT_FALSE(receive_go_blocking(ends.second.get()));
}

}  // namespace
}  // namespace girin
