#include "worker/http/forwarded.hpp"

#include <gtest/gtest.h>

namespace girin {
namespace {

constexpr const char* kFor = "X-Forwarded-For";
constexpr const char* kProto = "X-Forwarded-Proto";
constexpr const char* kHost = "X-Forwarded-Host";
constexpr const char* kForwarded = "Forwarded";

using Headers = std::vector<std::pair<std::string, std::string>>;

std::string origin(const std::string& peer, const Headers& headers,
                   const std::vector<std::string>& trusted = {"10.0.0.0/8", "::1"},
                   ForwardedHeader believed = ForwardedHeader::x_forwarded) {
    const Result<TrustedPeers> peers = TrustedPeers::parse(trusted);
    EXPECT_TRUE(peers.has_value());
    Fields fields;
    for (const auto& [name, value] : headers) fields.add(name, value);
    Origin direct;
    direct.client = peer;
    direct.scheme = "http";
    direct.host = "own";
    const Origin found = find_origin(direct, fields, *peers, believed);
    return std::string(found.client) + " " + std::string(found.scheme) + " " + std::string(found.host);
}

std::string by_forwarded(const std::string& peer, const Headers& headers) {
    return origin(peer, headers, {"10.0.0.0/8", "::1"}, ForwardedHeader::forwarded);
}

TEST(Origin, IsTheConnectionsOwnForAnUntrustedPeer) {
    EXPECT_EQ(origin("192.0.2.1", {{kFor, "1.1.1.1"}, {kProto, "https"}}), "192.0.2.1 http own");
    EXPECT_EQ(by_forwarded("192.0.2.1", {{kForwarded, "for=1.1.1.1;proto=https"}}), "192.0.2.1 http own");
}

TEST(Origin, IsWhatATrustedPeerTells) {
    EXPECT_EQ(origin("10.1.2.3", {{kFor, "1.1.1.1"}, {kProto, "https"}, {kHost, "shop:81"}}),
              "1.1.1.1 https shop:81");
    EXPECT_EQ(by_forwarded("::1",
                           {{kForwarded, "for=\"[2001:db8::1]:4711\";proto=https;host=\"shop:81\";by=10.0.0.1"}}),
              "2001:db8::1 https shop:81");
    EXPECT_EQ(origin("", {{kFor, "1.1.1.1"}}, {}), "1.1.1.1 http own") << "a Unix socket's peer is trusted";
    EXPECT_EQ(origin("203.0.113.9", {{kFor, "1.1.1.1"}}, {"*"}), "1.1.1.1 http own");
    EXPECT_EQ(origin("::ffff:10.0.0.1", {{kFor, "1.1.1.1"}}), "1.1.1.1 http own");
}

TEST(Origin, IsTheFirstUntrustedHopFromTheRight) {
    EXPECT_EQ(origin("10.0.0.1", {{kFor, "6.6.6.6, 1.1.1.1, 10.0.0.2"}}), "1.1.1.1 http own");
    EXPECT_EQ(origin("10.0.0.1", {{kFor, "6.6.6.6"}, {kFor, "1.1.1.1:5000"}}), "1.1.1.1 http own");
    EXPECT_EQ(origin("10.0.0.1", {{kFor, "10.0.0.3, 10.0.0.2"}}), "10.0.0.3 http own");
    EXPECT_EQ(by_forwarded("10.0.0.1", {{kForwarded, "for=6.6.6.6;proto=http, for=1.1.1.1;proto=https"},
                                        {kForwarded, "for=10.0.0.2"}}),
              "1.1.1.1 https own");
}

// FAULTS 34: what can't be read names nobody, and least of all the proxy that passed it on.
TEST(Origin, IsUnknownWhereAHopCantBeRead) {
    for (const char* bad :
         {"unknown", "_hidden", "", "1.1.1", "1.1.1.1:x", "[1.1.1.1]", "[::1", "::1]:5", "a b", "1.1.1.1, "}) {
        EXPECT_EQ(origin("10.0.0.1", {{kFor, "6.6.6.6, " + std::string(bad) + ", 10.0.0.2"}}), "unknown http own")
            << bad;
        EXPECT_EQ(origin("10.0.0.1", {{kFor, "6.6.6.6, " + std::string(bad)}}), "unknown http own") << bad;
        EXPECT_EQ(origin("10.0.0.1", {{kFor, std::string(bad) + ", 1.1.1.1"}}), "1.1.1.1 http own") << bad;
    }
    for (const char* bad : {"for=unknown", "for", "for=1.1.1.1;for=2.2.2.2", "for=\"1.1.1.1", "for =1.1.1.1", "for=::1",
                            "by=1.1.1.1"}) {
        EXPECT_EQ(by_forwarded("10.0.0.1", {{kForwarded, "for=6.6.6.6, " + std::string(bad)}}), "unknown http own")
            << bad;
    }
    EXPECT_EQ(by_forwarded("10.0.0.1", {{kForwarded, "for=unknown;proto=https;host=shop"}}), "unknown https shop");
}

TEST(Origin, IsNotMovedByAQuoteLeftOpen) {
    EXPECT_EQ(by_forwarded("10.0.0.1", {{kForwarded, "for=\"6.6.6.6, for=1.1.1.1"}}), "unknown http own");
}

TEST(Origin, TakesSchemeAndHostOfTheClientsHop) {
    const Headers hops = {{kFor, "1.1.1.1, 10.0.0.2"}, {kProto, "https, http"}, {kHost, "outer, inner"}};
    EXPECT_EQ(origin("10.0.0.1", hops), "1.1.1.1 https outer");
    EXPECT_EQ(origin("10.0.0.1", {{kFor, "1.1.1.1, 10.0.0.2"}, {kProto, "https"}}), "1.1.1.1 https own");
    EXPECT_EQ(origin("10.0.0.1", {{kFor, "1.1.1.1"}, {kProto, "WSS"}}), "1.1.1.1 https own");
}

TEST(Origin, PassesOverSchemesAndHostsThatAreNone) {
    EXPECT_EQ(origin("10.0.0.1", {{kFor, "1.1.1.1"}, {kProto, "javascript"}, {kHost, "user@evil"}}),
              "1.1.1.1 http own");
}

// FAULTS 34: the family that the proxies don't write is whoever's who asks.
TEST(Origin, IgnoresTheOtherFamily) {
    for (const char* other : {"for=6.6.6.6", "for=127.0.0.1;host=evil", "for=1.1.1.1;proto=https;host=evil", "garbage", ""}) {
        EXPECT_EQ(origin("10.0.0.1", {{kFor, "1.1.1.1"}, {kForwarded, other}}), "1.1.1.1 http own") << other;
    }
    const Headers both = {{kFor, "6.6.6.6"}, {kProto, "https"}, {kHost, "evil"}, {kForwarded, "for=1.1.1.1"}};
    EXPECT_EQ(by_forwarded("10.0.0.1", both), "1.1.1.1 http own");
    EXPECT_EQ(origin("10.0.0.1", both, {"*"}, ForwardedHeader::none), "10.0.0.1 http own");
}

// FAULTS 34: whoever forwards for somebody it doesn't name in the chosen family isn't the client itself.
TEST(Origin, IsUnknownWhenAProxyNamesNoClient) {
    EXPECT_EQ(origin("10.0.0.1", {{kForwarded, "for=1.1.1.1;proto=https;host=evil"}}), "unknown http own");
    EXPECT_EQ(by_forwarded("10.0.0.1", {{kFor, "1.1.1.1"}, {kHost, "evil"}}), "unknown http own");
    EXPECT_EQ(origin("10.0.0.1", {{kProto, "https"}}), "unknown https own");
    EXPECT_EQ(origin("", {{kProto, "https"}}, {}), "unknown https own") << "a Unix socket's peer";
    EXPECT_EQ(origin("10.0.0.1", {{"Via", "1.1 x"}}), "10.0.0.1 http own") << "its own request";
}

TEST(Origin, NeverReadsUnderscoresAsDashes) {
    EXPECT_EQ(origin("10.0.0.1", {{"X_Forwarded_For", "6.6.6.6"}, {"X_Forwarded_Proto", "https"}}), "10.0.0.1 http own");
}

TEST(Origin, WalksABoundedNumberOfHops) {
    std::string hops = "6.6.6.6";
    for (int i = 0; i < 40; ++i) hops += ", 10.0.0.2";
    EXPECT_EQ(origin("10.0.0.1", {{kFor, hops}}), "unknown http own");
}

TEST(TrustedPeers, RefuseEntriesThatAreNone) {
    for (const char* bad :
         {"", "localhost", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "10.0.0.1/8x"}) {
        const Result<TrustedPeers> peers = TrustedPeers::parse({bad});
        ASSERT_FALSE(peers.has_value()) << bad;
        EXPECT_NE(peers.error().message().find(bad), std::string::npos);
    }
}

TEST(TrustedPeers, MatchNetworksToTheBit) {
    const Result<TrustedPeers> peers = TrustedPeers::parse({"192.168.4.0/22", "2001:db8::/33", "0.0.0.0/1"});
    ASSERT_TRUE(peers.has_value());
    EXPECT_TRUE(peers->trusts("192.168.7.255"));
    EXPECT_FALSE(peers->trusts("192.168.8.0"));
    EXPECT_TRUE(peers->trusts("2001:db8:7fff::1"));
    EXPECT_FALSE(peers->trusts("2001:db8:8000::1"));
    EXPECT_TRUE(peers->trusts("127.0.0.1"));
    EXPECT_FALSE(peers->trusts("128.0.0.1"));
    EXPECT_FALSE(peers->trusts("nonsense"));
}

}  // namespace
}  // namespace girin
