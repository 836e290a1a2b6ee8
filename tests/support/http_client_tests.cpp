// HttpClient against a listener of the test's own, which answers with prepared bytes.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/http_client.hpp"
#include "tests/support/temp_dir.hpp"

namespace girin::test {
namespace {

// One accepted connection; the test plays the server, step by step, in the same thread.
struct Peer {
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    UniqueFd listener = listen_on(endpoint).value();
    HttpClient client{endpoint, milliseconds{2'000}};
    UniqueFd server{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};

    void answer(std::string_view bytes) {
        EXPECT_EQ(::send(server.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    std::string received() {
        char buffer[4096];
        const ssize_t got = ::recv(server.get(), buffer, sizeof buffer, 0);
        return std::string(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
    }
};

HttpClientError::Kind kind_of_failure(HttpClient& client) {
    try {
        client.read_response();
    } catch (const HttpClientError& error) {
        return error.kind();
    }
    ADD_FAILURE() << "no failure";
    return HttpClientError::Kind::malformed;
}

TEST(HttpClient, SendsARequestAndReadsPipelinedAnswers) {
    Peer peer;
    peer.client.send(format_request("POST", "/x?y", {{"X-A", "b"}}, "body"));
    EXPECT_EQ(peer.received(), "POST /x?y HTTP/1.1\r\nHost: test\r\nX-A: b\r\nContent-Length: 4\r\n\r\nbody");
    peer.answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 Not Found\r\n");
    peer.answer("Content-Length: 1\r\n\r\nb");
    EXPECT_EQ(peer.client.read_response().status, 100);
    EXPECT_EQ(peer.client.read_response().body, "a");
    EXPECT_EQ(peer.client.read_final_response().status, 404);
}

TEST(HttpClient, TellsACloseFromAReset) {
    Peer closing;
    closing.answer("HTTP/1.1 200");
    closing.server.reset();
    EXPECT_EQ(kind_of_failure(closing.client), HttpClientError::Kind::closed);

    Peer resetting;
    const linger at_once{1, 0};
    ::setsockopt(resetting.server.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    resetting.server.reset();
    EXPECT_EQ(kind_of_failure(resetting.client), HttpClientError::Kind::reset);
}

TEST(HttpClient, GivesUpAtItsDeadline) {
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    const UniqueFd listener = listen_on(endpoint).value();
    HttpClient client(endpoint, milliseconds{20});
    EXPECT_EQ(kind_of_failure(client), HttpClientError::Kind::timed_out);
}

TEST(HttpClient, IsRefusedWhereNobodyListens) {
    Endpoint endpoint = Endpoint::tcp("127.0.0.1", 0);
    listen_on(endpoint).value().reset();
    try {
        HttpClient client(endpoint);
        FAIL() << "connected";
    } catch (const HttpClientError& error) {
        EXPECT_EQ(error.kind(), HttpClientError::Kind::refused);
    }
}

TEST(HttpClient, ClosesItsHalfAndStillReads) {
    Peer peer;
    peer.client.half_close();
    EXPECT_EQ(peer.received(), "");
    peer.answer("still here");
    peer.server.reset();
    EXPECT_EQ(peer.client.read_until_close(), "still here");
    EXPECT_TRUE(peer.client.closed_within(milliseconds{100}));
}

TEST(HttpClient, ResetsItsPeer) {
    Peer peer;
    peer.client.reset();
    char byte;
    EXPECT_EQ(::recv(peer.server.get(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
}

TEST(HttpClient, SpeaksOverAUnixSocket) {
    const TempDir dir;
    Endpoint endpoint = Endpoint::unix_socket(dir / "s");
    const UniqueFd listener = listen_on(endpoint).value();
    HttpClient client(endpoint);
    const UniqueFd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    client.send("x");
    char byte = 0;
    ASSERT_EQ(::recv(server.get(), &byte, 1, 0), 1);
    EXPECT_EQ(byte, 'x');
}

TEST(Endpoint, ReadsWhatItWrites) {
    for (const char* text : {"127.0.0.1:80", "[::1]:8000", "unix:/run/x.sock"}) {
        EXPECT_EQ(Endpoint::parse(text).to_text(), text);
    }
    EXPECT_EQ(Endpoint::parse("http://127.0.0.1:81/"), Endpoint::tcp("127.0.0.1", 81));
    EXPECT_THROW(Endpoint::parse("nonsense"), std::invalid_argument);
    EXPECT_THROW(Endpoint::parse("127.0.0.1:99999"), std::invalid_argument);
}

}  // namespace
}  // namespace girin::test
