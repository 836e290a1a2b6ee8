// Bodies of requests: read, unread, announced, refused.

#include "girin/loop/sleep.hpp"
#include "tests/worker/serving/server_test.hpp"

namespace girin::test {
namespace {

using RequestBody = ServerTest;
using Expect = ServerTest;

Coro<void> hear(Request& request, Response& response, Scene& scene) {
    ++scene.entered;
    scene.heard = co_await request.read_all();
    response.body("heard");
}

constexpr std::string_view kExpecting =
    "POST /hear HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";

TEST_F(RequestBody, ComesByLengthInAnyPieces) {
    application.on("/hear", hear);
    start();
    Client client = connect();
    const std::string request = "POST /hear HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef";
    for (const char c : request) {
        client.send(std::string_view(&c, 1));
        run_turns(3);
    }
    EXPECT_EQ(client.read_response().body, "heard");
    EXPECT_EQ(scene.heard, "abcdef");
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(RequestBody, ComesInChunksWithTrailers) {
    application.on("/hear", [](Request& request, Response& response, Scene& shared) -> Coro<void> {
        shared.heard = co_await request.read_all();
        response.body(request.trailers().find("x-sum").value_or("none"));
    });
    start();
    Client client = connect();
    client.send("POST /hear HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    run_turns();
    client.send("3;ext=1\r\ndef\r\n0\r\nX-Sum: 42\r\nContent-Length: 7\r\n\r\n");
    EXPECT_EQ(client.read_response().body, "42");
    EXPECT_EQ(scene.heard, "abcdef");
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(RequestBody, MayBeEmpty) {
    application.on("/hear", hear);
    start();
    Client client = connect();
    for (const char* fields : {"", "Content-Length: 0\r\n"}) {
        EXPECT_EQ(client.request("POST", "/hear", fields).body, "heard");
        EXPECT_EQ(scene.heard, "");
    }
    client.send("POST /hear HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    EXPECT_EQ(client.read_response().body, "heard");
}

TEST_F(RequestBody, EchoedPieceByPieceReachesTheClientBeforeTheNextIsRead) {
    start();
    Client client = connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const char* word : {"one", "two", "six"}) {
        client.send("3\r\n" + std::string(word) + "\r\n");
        client.read_past(word);
    }
    client.send("0\r\n\r\n");
    client.read_past("0\r\n\r\n");
}

TEST_F(RequestBody, UnreadWithinTheBoundIsDiscarded) {
    start();
    Client client = connect();
    const HttpResponse answer = client.request("POST", "/", {}, std::string(200'000, 'x'));
    EXPECT_TRUE(answer.keeps_connection);
    EXPECT_EQ(client.get("/").body, "hello");
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    EXPECT_EQ(client.read_response().body, "hello");
    client.send("0\r\nX: y\r\n\r\n");
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(RequestBody, AnnouncedBeyondTheBoundAndUnreadClosesTheConnection) {
    start();
    Client client = connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\nabc");
    const HttpResponse answer = client.read_response();
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(answer.field("connection"), "close");
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

TEST_F(RequestBody, ChunkedBeyondTheBoundAndUnreadClosesTheConnectionAfterItsAnswer) {
    start();
    Client client = connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
    for (int i = 0; i < 6; ++i) client.send(chunk);
    EXPECT_EQ(client.read_response().body, "hello");
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

TEST_F(RequestBody, MalformedAndUnreadClosesTheConnectionAfterItsAnswer) {
    start();
    Client client = connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n");
    EXPECT_EQ(client.read_response().body, "hello");
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
    EXPECT_EQ(log(), "");
}

TEST_F(RequestBody, MalformedIs400WhenItIsRead) {
    application.on("/hear", hear);
    start();
    Client client = connect();
    client.send("POST /hear HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n");
    EXPECT_EQ(client.read_response().status, 400);
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
    EXPECT_EQ(log(), "");
}

TEST_F(RequestBody, TooLargeByItsLengthIs413BeforeTheHandlerIsCalled) {
    options.limits.request_body_bytes = 1000;
    application.on("/hear", hear);
    start();
    Client client = connect();
    client.send("POST /hear HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
    EXPECT_EQ(client.read_response().status, 413);
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
    EXPECT_EQ(scene.entered, 0);
}

TEST_F(RequestBody, TooLargeByItsChunksIs413) {
    options.limits.request_body_bytes = 1000;
    application.on("/hear", hear);
    start();
    Client client = connect();
    client.send("POST /hear HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n");
    EXPECT_EQ(client.read_response().status, 413);
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

TEST_F(RequestBody, TooLargeForTheHandlerIs413AndKeepsTheConnection) {
    application.on("/little", [](Request& request, Response& response, Scene&) -> Coro<void> {
        const std::string body = co_await request.read_all(10);
        response.body(body);
    });
    start();
    Client client = connect();
    EXPECT_EQ(client.request("POST", "/little", {}, "0123456789").body, "0123456789");
    const HttpResponse refused = client.request("POST", "/little", {}, "0123456789a");
    EXPECT_EQ(refused.status, 413);
    EXPECT_TRUE(refused.keeps_connection);
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(Expect, IsAnsweredWhenTheBodyIsRead) {
    application.on("/hear", hear);
    start();
    Client client = connect();
    client.send(kExpecting);
    EXPECT_EQ(client.read_response().status, 100);
    client.send("body");
    const HttpResponse answer = client.read_response();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(scene.heard, "body");
    EXPECT_TRUE(answer.keeps_connection);
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(Expect, IsNotAnsweredWhenTheBodyIsThereAlready) {
    application.on("/hear", hear);
    start();
    Client client = connect();
    client.send(std::string(kExpecting) + "body");
    EXPECT_EQ(client.read_response().status, 200);
    EXPECT_EQ(scene.heard, "body");
}

/// A client that waits to be asked for its body isn't, and the connection ends after the answer.
void expect_final_answer_alone(Client client, const std::string& target, int status) {
    client.send("POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    const HttpResponse answer = client.read_response();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.field("connection"), "close");
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

// FAULTS 7: a client was asked for a body of which its length told already that it would be refused.
TEST_F(Expect, IsRefusedAtOnceWhereTheHandlerTakesLessThanAnnounced) {
    application.on("/little", [](Request& request, Response& response, Scene&) -> Coro<void> {
        const std::string body = co_await request.read_all(3);
        response.body(body);
    });
    start();
    expect_final_answer_alone(connect(), "/little", 413);
}

// FAULTS 7: up to the handler's maximum was read before the answer.
TEST_F(RequestBody, TooLargeForTheHandlerByItsLengthIs413BeforeAnyOfItCame) {
    application.on("/hear", hear);
    start();
    Client client = connect();
    client.send("POST /hear HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n");
    EXPECT_EQ(client.read_response().status, 413);
    EXPECT_EQ(scene.entered, 1);
}

TEST_F(Expect, GetsAFinalStatusAloneWhenNobodyReads) {
    start();
    expect_final_answer_alone(connect(), "/", 200);
}

TEST_F(Expect, OfAnythingElseIs417) {
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/", "Expect: a-miracle\r\n").status, 417);
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

}  // namespace
}  // namespace girin::test
