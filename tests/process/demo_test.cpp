// The demo over HTTP, from the real girin. What each path answers in full is tested without a connection in
// tests/worker/app/demo_test.cpp; here is what needs one.

#include <poll.h>

#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/girin_process.hpp"
#include "tests/support/http_client.hpp"

using namespace girin::test;
using namespace std::chrono_literals;

namespace {

class Demo : public testing::Test {
  protected:
    TempDir directory;
    GirinProcess girin{directory, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "demo"})};
    HttpClient client{girin.endpoint()};
};

}  // namespace

TEST_F(Demo, Greets) {
    const HttpResponse answer = client.get("/");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "Hello, World!");
    EXPECT_EQ(answer.field("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(answer.field("content-length"), "13");
    EXPECT_TRUE(answer.keeps_connection);
}

TEST_F(Demo, AnswersHeadWithoutABody) {
    client.send(format_request("HEAD", "/"));
    const HttpResponse answer = client.read_response(true);
    EXPECT_EQ(answer.field("content-length"), "13");
    EXPECT_EQ(client.get("/").body, "Hello, World!");
}

TEST_F(Demo, ShowsBrowsersAPage) {
    const HttpResponse answer = client.get("/", {{"Accept", "text/html,*/*;q=0.8"}});
    EXPECT_EQ(answer.field("content-type"), "text/html; charset=utf-8");
    EXPECT_NE(answer.body.find("<title>girin is serving</title>"), std::string::npos);
}

TEST_F(Demo, TellsWhichWorkerAnswersAndWhatTheProxySaid) {
    const std::string direct = client.get("/info").body;
    EXPECT_NE(direct.find("\"pid\":" + std::to_string(girin.workers().at(0))), std::string::npos) << direct;
    EXPECT_NE(direct.find("\"scheme\":\"http\""), std::string::npos) << direct;
    const Fields told = {{"X-Forwarded-For", "198.51.100.7"}, {"X-Forwarded-Proto", "https"}};
    const std::string proxied = client.get("/info", told).body;
    EXPECT_NE(proxied.find("\"client\":\"198.51.100.7\""), std::string::npos) << proxied;
    EXPECT_NE(proxied.find("\"scheme\":\"https\""), std::string::npos) << proxied;
}

/// What /info says of client and host when a proxy on this machine passes both families on.
struct Told {
    std::string client, host;
};

Told told_by(const GirinProcess& server, const Fields& fields) {
    const std::string info = HttpClient(server.endpoint()).get("/info", fields).body;
    const auto value = [&info](const std::string& name) {
        const std::size_t at = info.find("\"" + name + "\":\"") + name.size() + 4;
        return info.substr(at, info.find('"', at) - at);
    };
    return {value("client"), value("host")};
}

const Fields kBothFamilies = {
    {"Host", "own"}, {"X-Forwarded-For", "198.51.100.7"}, {"Forwarded", "for=203.0.113.1;host=f.example"}};

// FAULTS 34: a client that adds a Forwarded field neither becomes 127.0.0.1 nor chooses the host.
TEST(ForwardedHeader, BelievesXForwardedAloneByDefault) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "demo"}));
    const Told disagreeing = told_by(girin, kBothFamilies);
    EXPECT_EQ(disagreeing.client, "198.51.100.7");
    EXPECT_EQ(disagreeing.host, "own");
    const Fields agreeing = {
        {"Host", "own"}, {"X-Forwarded-For", "198.51.100.7"}, {"Forwarded", "for=198.51.100.7;host=evil.example"}};
    EXPECT_EQ(told_by(girin, agreeing).host, "own");
    EXPECT_EQ(told_by(girin, {{"X-Forwarded-For", "not an address"}}).client, "unknown");
    EXPECT_EQ(told_by(girin, {{"Forwarded", "for=198.51.100.7"}}).client, "unknown");
    EXPECT_EQ(told_by(girin, {}).client, "127.0.0.1");
}

TEST(ForwardedHeader, NamesTheFamilyThatIsBelieved) {
    const TempDir dir;
    GirinProcess forwarded(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--forwarded-header", "Forwarded", "demo"}));
    EXPECT_EQ(told_by(forwarded, kBothFamilies).client, "203.0.113.1");
    EXPECT_EQ(told_by(forwarded, kBothFamilies).host, "f.example");
    const TempDir other;
    GirinProcess none(other, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--forwarded-header", "none", "demo"}));
    EXPECT_EQ(told_by(none, kBothFamilies).client, "127.0.0.1");
}

TEST(ForwardedHeader, IsNotBelievedFromAStranger) {
    const TempDir dir;
    GirinProcess girin(dir, GirinCommand({"-w", "1", "-b", "127.0.0.1:0", "--forwarded-allow-ips", "192.0.2.1", "demo"}));
    EXPECT_EQ(told_by(girin, kBothFamilies).client, "127.0.0.1");
    EXPECT_EQ(told_by(girin, {{"Host", "own"}, {"X-Forwarded-Host", "evil.example"}}).host, "own");
}

TEST_F(Demo, EchoesAMegabyte) {
    std::string body(1 << 20, ' ');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 % 251);
    const HttpResponse answer = client.request("POST", "/echo", {{"Content-Type", "image/png"}}, body);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.field("content-type"), "image/png");
    EXPECT_TRUE(answer.body == body);
}

/// Reads while it sends: the demo holds nothing back, so that whoever only sends fills both directions and stops.
TEST_F(Demo, EchoesFiftyMegabytesAsTheyCome) {
    std::string piece(1 << 20, ' ');
    for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<char>(i * 31 % 251);
    constexpr std::size_t kPieces = 50;
    const std::string all = std::to_string(kPieces * piece.size());
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + all + "\r\n\r\n");
    ResponseParser answer;
    for (std::size_t sent = 0; !answer.complete();) {
        const std::string_view rest = std::string_view(piece).substr(sent % piece.size());
        if (sent < kPieces * piece.size()) sent += client.send_some(rest);
        pollfd readable{client.fd(), POLLIN, 0};
        const bool all_sent = sent == kPieces * piece.size();
        if (::poll(&readable, 1, all_sent ? 5'000 : 0) > 0) answer.feed(client.read_some());
        ASSERT_FALSE(answer.failed()) << answer.error();
        ASSERT_TRUE(!all_sent || readable.revents != 0) << "nothing comes any more";
    }
    const std::string& body = answer.response().body;
    ASSERT_EQ(body.size(), kPieces * piece.size());
    for (std::size_t at = 0; at < body.size(); at += piece.size()) {
        ASSERT_EQ(body.compare(at, piece.size(), piece), 0) << "at " << at;
    }
}

TEST_F(Demo, EchoesChunksAsChunks) {
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    client.send("4\r\nfour\r\n0\r\n\r\n");
    const HttpResponse answer = client.read_final_response();
    EXPECT_EQ(answer.field("transfer-encoding"), "chunked");
    EXPECT_EQ(answer.body, "onefour");
}

TEST_F(Demo, SleepsWithoutHoldingOthersUp) {
    client.send(format_request("GET", "/sleep/3000"));
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(get(girin.endpoint(), "/").body, "Hello, World!");
    EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
    EXPECT_EQ(client.read_final_response().body, "slept 3000 ms\n");
}

TEST_F(Demo, StreamsWhatWasAskedFor) {
    const HttpResponse answer = client.get("/stream/1000/1000");
    EXPECT_EQ(answer.field("transfer-encoding"), "chunked");
    EXPECT_EQ(answer.body.size(), 1'000'000U);
    EXPECT_EQ(answer.body.substr(0, 28), "abcdefghijklmnopqrstuvwxyzab");
}

TEST_F(Demo, RefusesInItsOwnWords) {
    const HttpResponse bad = client.get("/sleep/soon");
    EXPECT_EQ(bad.status, 400);
    EXPECT_NE(bad.body.find("MS in /sleep/MS is a number from 0 to 60000"), std::string::npos) << bad.body;
    EXPECT_EQ(client.get("/nothing").status, 404);
    const HttpResponse posted = client.request("POST", "/info");
    EXPECT_EQ(posted.status, 405);
    EXPECT_EQ(posted.field("allow"), "GET, HEAD");
}
