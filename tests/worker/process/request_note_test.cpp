// The note of the request whose handler runs: whole, cut, or not there.

#include "worker/process/request_note.hpp"

#include <netinet/in.h>

#include <gtest/gtest.h>

namespace girin::test {
namespace {

NotedPeer peer_of(std::uint16_t family) {
    NotedPeer peer;
    peer.family = family;
    peer.port = 80;
    peer.bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    return peer;
}

TEST(RequestNote, IsReadAsItWasSet) {
    RequestNote note{};
    EXPECT_FALSE(note.read());
    note.set("POST /a%20b?x=1", peer_of(AF_INET6), 17);
    const auto read = note.read();
    ASSERT_TRUE(read);
    EXPECT_EQ(read->line, "POST /a%20b?x=1");
    EXPECT_EQ(read->peer, "[2001:db8::1]:80");
    EXPECT_EQ(read->began_ns, 17);
}

TEST(RequestNote, KeepsNothingOfAnEarlierOne) {
    RequestNote note{};
    note.set(std::string(80, 'x'), peer_of(AF_INET6), 1);
    note.set("GET /", peer_of(AF_UNIX), 2);
    EXPECT_EQ(note.read()->line, "GET /");
    EXPECT_EQ(note.read()->peer, "unix:");
    note.clear();
    EXPECT_FALSE(note.read());
}

TEST(RequestNote, HoldsLinesOfAnyLengthUpToItsOwn) {
    RequestNote note{};
    const std::string line = "GET /" + std::string(8000, 'y');
    for (std::size_t length = 0; length <= RequestNote::kLineBytes + 9; ++length) {
        note.set(std::string_view(line).substr(0, length), peer_of(AF_INET), 1);
        EXPECT_EQ(note.read()->line, line.substr(0, std::min(length, RequestNote::kLineBytes)));
    }
}

}  // namespace
}  // namespace girin::test
