// Large bodies in both directions: whole, and never more of them in memory than one side is ahead of the other.

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "girin/loop/sleep.hpp"
#include "girin/loop/task.hpp"
#include "tests/worker/serving/server_test.hpp"

namespace girin::test {
namespace {

using Streaming = ServerTest;

constexpr std::size_t kLarge = 20'000'000;
// Buffers of the kernel on both ends, and ours, are less than this together.
constexpr std::size_t kBuffered = 12'000'000;

std::string pattern(std::size_t bytes) {
    std::string text(bytes, ' ');
    for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 1000) % 26);
    return text;
}

Coro<void> send_pieces(Response& response, std::size_t piece_bytes) {
    const std::string whole = pattern(kLarge);
    for (std::size_t at = 0; at < whole.size(); at += piece_bytes) {
        const std::string piece = whole.substr(at, piece_bytes);  // of its own: it may end when write() has returned
        co_await response.write(piece);
    }
}

Coro<void> write_for_ever(Request&, Response& response, Scene& scene) {
    const std::string piece(static_cast<std::size_t>(1000), 'x');
    for (;;) {
        co_await response.write(piece);
        scene.bytes += piece.size();
    }
}

TEST_F(Streaming, OfALargeBodyAtOnceArrivesWhole) {
    application.on("/whole", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.body(pattern(kLarge));
        co_return;
    });
    start();
    Client client = connect();
    const HttpResponse answer = client.get("/whole");
    EXPECT_EQ(answer.field("content-length"), std::to_string(kLarge));
    EXPECT_TRUE(answer.body == pattern(kLarge));
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(Streaming, InSmallAndLargePiecesArrivesWhole) {
    application.on("/small", [](Request&, Response& response, Scene&) -> Coro<void> {
        return send_pieces(response, 5'000);
    });
    application.on("/large", [](Request&, Response& response, Scene&) -> Coro<void> {
        return send_pieces(response, 300'000);
    });
    start();
    Client client = connect();
    EXPECT_TRUE(client.get("/small").body == pattern(kLarge));
    EXPECT_TRUE(client.get("/large").body == pattern(kLarge));
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(Streaming, OfARequestArrivesWhole) {
    application.on("/hear", [](Request& request, Response& response, Scene& shared) -> Coro<void> {
        shared.heard = co_await request.read_all(kLarge);
        response.body("heard");
    });
    start();
    Client client = connect();
    EXPECT_EQ(client.request("POST", "/hear", {}, pattern(kLarge)).body, "heard");
    EXPECT_TRUE(scene.heard == pattern(kLarge));
}

TEST_F(Streaming, ToAClientThatDoesNotReadHoldsTheHandlerBack) {
    application.on("/endless", write_for_ever);
    start();
    Client client = connect();
    client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    std::size_t before = 0;
    ASSERT_TRUE(run_until([&] {
        run_turns(50);
        return scene.bytes > 0 && std::exchange(before, scene.bytes) == scene.bytes;
    }));
    EXPECT_LT(scene.bytes, kBuffered);
    client.reset();
    EXPECT_TRUE(connections_become(0));
}

TEST_F(Streaming, OfARequestThatNobodyReadsHoldsTheClientBack) {
    start();
    Client client = connect();
    client.send("POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
    const std::string piece(100'000, 'x');
    std::size_t sent = 0;
    for (int i = 0; i < 1000; ++i) {
        sent += client.send_some(piece);
        run_turns(1);
    }
    EXPECT_LT(sent, kBuffered);
    EXPECT_EQ(scene.entered, 1);
}

TEST_F(Streaming, OfManySmallPiecesIsSentTogether) {
    application.on("/stream", [](Request&, Response& response, Scene&) -> Coro<void> {
        for (int i = 0; i < 500; ++i) co_await response.write("0123456789");
    });
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/stream").body.size(), 5000U);
    tcp_info info{};
    socklen_t size = sizeof info;
    ASSERT_EQ(::getsockopt(client.fd(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    EXPECT_LE(info.tcpi_data_segs_in, 2U);
}

TEST_F(Streaming, ThatPausesHasSentWhatWasWritten) {
    application.on("/pause", [](Request&, Response& response, Scene& shared) -> Coro<void> {
        co_await sleep_for(milliseconds(1));
        co_await response.write("");
        ++shared.entered;
        co_await sleep_for(milliseconds(1));
        co_await response.write("first");
        co_await sleep_for(milliseconds(1));
        co_await response.write(std::string(50'000, 'x'));
        co_await shared.gate;
        co_await response.write("last");
    });
    start();
    Client client = connect();
    client.send("GET /pause HTTP/1.1\r\nHost: a\r\n\r\n");
    client.read_past("\r\n\r\n");
    EXPECT_EQ(client.read_past("\r\n"), "5\r\n");
    EXPECT_EQ(client.read_past("\r\n"), "first\r\n");
    EXPECT_EQ(client.read_past("\r\n"), "c350\r\n");
    EXPECT_EQ(client.read_past("\r\n").size(), 50'002U);
    EXPECT_FALSE(scene.gate.done());
}

TEST_F(Streaming, MayReadAndWriteInTasksOfTheirOwn) {
    options.timeouts.body = milliseconds(0);
    application.on("/duplex", [](Request& request, Response& response, Scene& shared) -> Coro<void> {
        auto listen = [](Request& same, Scene& notes) -> Coro<void> {
            notes.heard = co_await same.read_all();
        };
        auto talk = [](Response& same, Scene& notes) -> Coro<void> {
            for (int i = 0; i < 20; ++i) {
                co_await same.write(std::string(400'000, 'x'));
                co_await sleep_for(Duration::zero());
            }
            ++notes.entered;
        };
        const Task<void> listening = create_task(listen(request, shared));
        const Task<void> talking = create_task(talk(response, shared));
        co_await talking;
        co_await listening;
    });
    start();
    Client client = connect();
    client.send("POST /duplex HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    client.read_bytes(2'000'000);
    client.send("def");
    const std::string rest = client.read_past("\r\n0\r\n\r\n");
    EXPECT_GE(rest.size(), 5'000'000U);
    EXPECT_EQ(scene.heard, "abcdef");
    EXPECT_EQ(scene.entered, 1);
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(Streaming, WorksOverAUnixSocket) {
    application.on("/peer", [](Request& request, Response& response, Scene&) -> Coro<void> {
        response.body(std::string(request.peer()) + "|" + std::string(request.client()) + "|" +
                      std::string(request.scheme()));
        co_return;
    });
    application.on("/hear", [](Request& request, Response& response, Scene&) -> Coro<void> {
        const std::string body = co_await request.read_all(kLarge);
        response.body(body);
    });
    endpoint = Endpoint::unix_socket(directory / "socket");
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/peer").body, "unix:||http");
    // Whoever may open the socket is a proxy of ours.
    EXPECT_EQ(client.get("/peer", "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n").body,
              "unix:|198.51.100.7|https");
    EXPECT_TRUE(client.request("POST", "/hear", {}, pattern(kLarge)).body == pattern(kLarge));
}

}  // namespace
}  // namespace girin::test
