// When a connection is kept and when it is closed, and what pipelined requests may expect of each other.

#include "tests/worker/serving/server_test.hpp"

namespace girin::test {
namespace {

using KeepAlive = ServerTest;
using Pipeline = ServerTest;

TEST_F(KeepAlive, ServesRequestAfterRequestOfHttp11) {
    start();
    Client client = connect();
    for (int i = 0; i < 5; ++i) {
        const HttpResponse answer = client.get("/");
        EXPECT_EQ(answer.body, "hello");
        EXPECT_TRUE(answer.keeps_connection);
        EXPECT_FALSE(answer.field("connection").has_value());
    }
    EXPECT_EQ(slot().accepted, 1U);
}

TEST_F(KeepAlive, ClosesWhenTheClientSaysSo) {
    start();
    Client client = connect();
    const HttpResponse answer = client.get("/", "Connection: close\r\n");
    EXPECT_EQ(answer.field("connection"), "close");
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

TEST_F(KeepAlive, ClosesAfterAnHttp10Request) {
    start();
    Client client = connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    const HttpResponse answer = client.read_response();
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(answer.field("connection"), "close");
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

TEST_F(KeepAlive, KeepsAnHttp10ConnectionThatAsksForIt) {
    start();
    Client client = connect();
    for (int i = 0; i < 2; ++i) {
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        EXPECT_EQ(client.read_response().field("connection"), "keep-alive");
    }
    client.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(client.read_response().body, "hello");
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

TEST_F(KeepAlive, ClosesAfterEachAnswerWhenItsTimeIsZero) {
    options.timeouts.keep_alive = milliseconds(0);
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/").field("connection"), "close");
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

TEST_F(KeepAlive, IgnoresAnEmptyLineBetweenRequests) {
    start();
    Client client = connect();
    for (int i = 0; i < 3; ++i) {
        client.send("\r\n");
        run_turns();
        EXPECT_EQ(client.get("/").body, "hello");
    }
}

TEST_F(KeepAlive, CountsEmptyLinesForEachConnectionAlone) {
    start();
    for (int i = 0; i < 4; ++i) {
        Client leaving = connect();
        leaving.send("\r\n\r\n");
        ASSERT_TRUE(connections_become(1));
        run_turns();
        leaving.close();
        ASSERT_TRUE(connections_become(0));
    }
    Client client = connect();
    client.send("\r\n\r\n");
    EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(Pipeline, AnswersInOrder) {
    application.on("/name", [](Request& request, Response& response, Scene&) -> Coro<void> {
        response.body(request.query());
        co_return;
    });
    start();
    Client client = connect();
    std::string requests;
    for (int i = 0; i < 500; ++i) requests += "GET /name?" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send(requests);
    for (int i = 0; i < 500; ++i) ASSERT_EQ(client.read_response().body, std::to_string(i));
    EXPECT_EQ(slot().requests, 500U);
}

TEST_F(Pipeline, IsHeldByASlowRequestWhileEarlierAnswersGoOut) {
    start();
    Client client = connect();
    client.send(
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read_response().body, "hello");
    run_turns();
    EXPECT_EQ(client.peek(), "");
    EXPECT_EQ(scene.entered, 2);
    scene.open_gate();
    EXPECT_EQ(client.read_response().body, "waited");
    EXPECT_EQ(client.read_response().body, "hello");
}

TEST_F(Pipeline, StopsAtARequestThatCloses) {
    start();
    Client client = connect();
    client.send(
        "GET / HTTP/1.0\r\n\r\n"
        "GET / HTTP/1.0\r\n\r\n");
    const std::string all = client.read_to_end();
    EXPECT_EQ(count_of("HTTP/1.1 200", all), 1U) << all;
    EXPECT_EQ(scene.entered, 1);
}

TEST_F(Pipeline, GoesOnBehindBodies) {
    start();
    Client client = connect();
    std::string requests;
    for (int i = 0; i < 20; ++i) {
        requests += "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        requests += "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nmore";
        requests += "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    }
    client.send(requests);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(client.read_response().body, "abc");
        EXPECT_EQ(client.read_response().body, "hello");
        EXPECT_EQ(client.read_response().body, "hello");
    }
}

// The second head lies behind the first body, in the buffer for bodies, and must stay where it is while its own body
// comes.
TEST_F(Pipeline, KeepsAHeadInPlaceWhileItsBodyComes) {
    application.on("/slow", [](Request& request, Response& response, Scene&) -> Coro<void> {
        const std::string before(request.target());
        const std::string_view tag = request.header("x-tag").value_or("");
        const std::string body = co_await request.read_all();
        response.body(before == request.target() && tag == "second" ? "same" : "moved");
        response.set_header("X-Body", std::to_string(body.size()));
    });
    start();
    Client client = connect();
    const std::string half(50'000, 'x');
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + half);
    run_turns();
    client.send(half + "POST /slow HTTP/1.1\r\nHost: a\r\nX-Tag: second\r\nContent-Length: 200000\r\n\r\n" + half);
    EXPECT_EQ(client.read_response().body.size(), 100'000U);
    for (int i = 0; i < 3; ++i) {
        run_turns();
        client.send(half);
    }
    const HttpResponse answer = client.read_response();
    EXPECT_EQ(answer.body, "same");
    EXPECT_EQ(answer.field("x-body"), "200000");
}

TEST_F(Pipeline, OfManyRequestsAndNoReaderIsBounded) {
    application.on("/large", [](Request&, Response& response, Scene& shared) -> Coro<void> {
        ++shared.entered;
        response.body(std::string(100'000, 'x'));
        co_return;
    });
    start();
    Client client = connect();
    std::string requests;
    for (int i = 0; i < 1000; ++i) requests += "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send_some(requests);
    run_turns(200);
    EXPECT_LT(scene.entered, 200) << "answers gather in the server, though nobody reads them";
    EXPECT_EQ(client.get("/large").status, 200);  // the first one's; the others go with the connection
}

}  // namespace
}  // namespace girin::test
