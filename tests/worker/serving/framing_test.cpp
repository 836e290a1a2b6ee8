// How answers are framed, and what their fields may say.

#include "girin/loop/sleep.hpp"
#include "tests/worker/serving/server_test.hpp"

namespace girin::test {
namespace {

using Answer = ServerTest;

Coro<void> write_three(Request&, Response& response, Scene&) {
    co_await response.write("one ");
    co_await sleep_for(Duration::zero());
    co_await response.write("two ");
    co_await response.write("three");
}

TEST_F(Answer, CarriesServerDateLengthAndType) {
    start();
    Client client = connect();
    const HttpResponse answer = client.get("/");
    EXPECT_EQ(answer.field("server"), "girin");
    EXPECT_EQ(answer.field("content-length"), "5");
    EXPECT_EQ(answer.field("content-type"), "text/plain; charset=utf-8");
    EXPECT_NE(answer.field("date").value_or("").find(" GMT"), std::string::npos);
}

TEST_F(Answer, ToHeadIsThatOfGetWithoutItsBody) {
    application.on("/stream", write_three);
    start();
    Client client = connect();
    EXPECT_EQ(client.request("HEAD", "/").field("content-length"), "5");
    const HttpResponse streamed = client.request("HEAD", "/stream");
    EXPECT_FALSE(streamed.field("content-length").has_value());
    EXPECT_EQ(streamed.body, "");
    EXPECT_EQ(client.get("/").body, "hello");  // nothing was left behind
}

TEST_F(Answer, Of204And304HasNoBody) {
    application.on("/204", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.status(204).body("dropped");
        co_return;
    });
    application.on("/304", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.status(304).header("Content-Length", "1234").header("ETag", "\"a\"");
        co_return;
    });
    application.on("/204/stream", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.status(204);
        co_await response.write("dropped");
    });
    start();
    Client client = connect();
    const HttpResponse empty = client.get("/204");
    EXPECT_EQ(empty.status, 204);
    EXPECT_FALSE(empty.field("content-length").has_value());
    EXPECT_EQ(client.get("/304").field("content-length"), "1234");
    EXPECT_EQ(client.get("/204/stream").status, 204);
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(Answer, CannotBeInterim) {
    application.on("/101", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.status(101);
        co_return;
    });
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/101").status, 500);
    EXPECT_EQ(count_in_log("Application error"), 1U);
}

TEST_F(Answer, IsChunkedWhenItIsStreamed) {
    application.on("/stream", write_three);
    start();
    Client client = connect();
    const HttpResponse answer = client.get("/stream");
    EXPECT_EQ(answer.field("transfer-encoding"), "chunked");
    EXPECT_EQ(answer.body, "one two three");
    EXPECT_TRUE(answer.keeps_connection);
}

TEST_F(Answer, StreamedToHttp10EndsWithTheConnection) {
    application.on("/stream", write_three);
    start();
    Client client = connect();
    client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const HttpResponse answer = client.read_response();
    EXPECT_FALSE(answer.field("transfer-encoding").has_value());
    EXPECT_EQ(answer.field("connection"), "close");
    EXPECT_EQ(answer.body, "one two three");
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

TEST_F(Answer, StreamedWithAnAnnouncedLengthIsFramedByIt) {
    application.on("/stream", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.header("Content-Length", "6");
        co_await response.write("abc");
        co_await response.write("def");
    });
    start();
    Client client = connect();
    const HttpResponse answer = client.get("/stream");
    EXPECT_EQ(answer.field("content-length"), "6");
    EXPECT_FALSE(answer.field("transfer-encoding").has_value());
    EXPECT_EQ(answer.body, "abcdef");
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(Answer, CarriesTrailers) {
    application.on("/stream", [](Request&, Response& response, Scene&) -> Coro<void> {
        co_await response.write("abc");
        response.trailer("X-Checksum", "900150983cd24fb0");
    });
    start();
    Client client = connect();
    const HttpResponse answer = client.get("/stream");
    EXPECT_EQ(find_field(answer.trailers, "x-checksum"), "900150983cd24fb0");
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(Answer, WithoutABodyHasALengthOfZero) {
    application.on("/nothing", [](Request&, Response&, Scene&) -> Coro<void> { co_return; });
    application.on("/empty", [](Request&, Response& response, Scene&) -> Coro<void> { co_await response.write(""); });
    start();
    Client client = connect();
    EXPECT_EQ(client.get("/nothing").field("content-length"), "0");
    EXPECT_EQ(client.get("/empty").body, "");
    EXPECT_EQ(client.get("/").body, "hello");
}

TEST_F(Answer, LeavesHopByHopFieldsToTheServer) {
    application.on("/hop", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.header("Transfer-Encoding", "gzip").header("Keep-Alive", "timeout=5").body("x");
        co_return;
    });
    application.on("/close", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.header("Connection", "close").body("x");
        co_return;
    });
    start();
    Client client = connect();
    const HttpResponse answer = client.get("/hop");
    EXPECT_FALSE(answer.field("transfer-encoding").has_value());
    EXPECT_FALSE(answer.field("keep-alive").has_value());
    EXPECT_EQ(client.get("/close").field("connection"), "close");
    EXPECT_EQ(client.wait_for_end(), Client::End::closed);
}

// RFC 9110 §15.5.6 wants Allow with 405. Which methods a resource has, only the application knows.
TEST_F(Answer, KeepsTheAllowFieldOfAnApplications405) {
    application.on("/405", [](Request&, Response& response, Scene&) -> Coro<void> {
        response.status(405).header("Allow", "GET, HEAD").body("no");
        co_return;
    });
    start();
    Client client = connect();
    const HttpResponse answer = client.request("DELETE", "/405");
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.field("allow"), "GET, HEAD");
}

}  // namespace
}  // namespace girin::test
