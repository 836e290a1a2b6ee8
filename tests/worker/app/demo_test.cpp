#include "worker/app/demo.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "girin/testing.hpp"

using namespace girin;
using girin::testing::FakeAnswer;
using girin::testing::FakeRequest;

using namespace std::chrono_literals;

namespace json = boost::json;

namespace {

FakeAnswer ask(const FakeRequest& request) {
    const auto demo = make_demo_application();
    return request.run(*demo);
}

std::string body_of(const FakeRequest& request) { return ask(request).body; }

int status_of(const std::string& target) { return ask(FakeRequest("GET", target)).status; }

}  // namespace

TEST(Demo, Greets) {
    const FakeAnswer answer = ask(FakeRequest());
    EXPECT_EQ(answer.body, "Hello, World!");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(answer.headers.size(), 2U);  // and the length
}

TEST(Demo, ShowsBrowsersAPage) {
    const FakeAnswer answer =
        ask(FakeRequest().header("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
    EXPECT_TRUE(answer.body.starts_with("<!doctype html>"));
    EXPECT_EQ(answer.header("content-type"), "text/html; charset=utf-8");
    EXPECT_EQ(answer.header("vary"), "Accept");
}

TEST(Demo, ShowsThePageOnlyWhereHtmlIsPreferred) {
    EXPECT_TRUE(prefers_html("text/html"));
    EXPECT_TRUE(prefers_html("TEXT/HTML ; q=0.3, text/plain;q=0.2"));
    EXPECT_TRUE(prefers_html("text/plain, text/html"));
    EXPECT_TRUE(prefers_html("application/xhtml+xml"));
    EXPECT_FALSE(prefers_html(""));
    EXPECT_FALSE(prefers_html("*/*"));
    EXPECT_FALSE(prefers_html("text/*"));
    EXPECT_FALSE(prefers_html("text/html;q=0"));
    EXPECT_FALSE(prefers_html("text/html;q=0.4, text/plain;q=0.5"));
    EXPECT_FALSE(prefers_html("application/json;x=text/html"));
}

TEST(Demo, TellsAboutTheWorkerAndTheProxy) {
    FakeRequest request("GET", "/info?x=1");
    request.worker({.pid = 42, .slot = 1, .generation = 3}).scheme("https").client("198.51.100.7");
    const FakeAnswer answer = ask(request.header("Host", "shop.example"));
    const json::object info = json::parse(answer.body).as_object();
    EXPECT_EQ(answer.header("content-type"), "application/json");
    EXPECT_EQ(info.at("pid").to_number<int>(), 42);
    EXPECT_EQ(info.at("slot").to_number<int>(), 1);
    EXPECT_EQ(info.at("generation").to_number<int>(), 3);
    EXPECT_EQ(info.at("requests").to_number<int>(), 1);
    EXPECT_EQ(info.at("scheme"), "https");
    EXPECT_EQ(info.at("client"), "198.51.100.7");
    EXPECT_EQ(info.at("host"), "shop.example");
}

TEST(Demo, ListsTheFieldsAsTheyCame) {
    FakeRequest request("GET", "/headers");
    request.header("Host", "a").header("X-Two", "1").header("x-two", "\"2\"").header("X-Latin", "caf\xe9");
    EXPECT_EQ(body_of(request), R"([["Host","a"],["X-Two","1"],["x-two","\"2\""],["X-Latin","café"]])"
                                "\n");
}

TEST(Demo, EchoesPieceByPiece) {
    FakeRequest request("POST", "/echo");
    request.header("Content-Type", "image/png").header("Content-Length", "7").piece("one").piece("four", 1s);
    const FakeAnswer answer = ask(request);
    ASSERT_EQ(answer.pieces.size(), 2U);
    EXPECT_EQ(answer.pieces[0].bytes, "one");
    EXPECT_EQ(answer.pieces[1].bytes, "four");
    EXPECT_EQ(answer.pieces[1].at, 1s);
    EXPECT_EQ(answer.header("content-type"), "image/png");
    EXPECT_EQ(answer.header("content-length"), "7");
}

TEST(Demo, EchoesAnEmptyBody) {
    FakeRequest request("POST", "/echo");
    EXPECT_EQ(body_of(request), "");
}

TEST(Demo, Sleeps) {
    FakeRequest request("GET", "/sleep/5");
    EXPECT_EQ(body_of(request), "slept 5 ms\n");
}

TEST(Demo, Streams) {
    const std::string piece = "abcdefghijklmnopqrstuvwxyzab";
    EXPECT_EQ(body_of(FakeRequest("GET", "/stream/3/28")), piece + piece + piece);
}

TEST(Demo, StreamsNothingAsAnEmptyBody) {
    FakeRequest none("GET", "/stream/0/10"), empty("GET", "/stream/10/0");
    EXPECT_EQ(body_of(none), "");
    EXPECT_EQ(body_of(empty), "");
}

TEST(Demo, RefusesBadNumbers) {
    EXPECT_EQ(status_of("/sleep/"), 400);
    EXPECT_EQ(status_of("/sleep/soon"), 400);
    EXPECT_EQ(status_of("/sleep/-1"), 400);
    EXPECT_EQ(status_of("/sleep/60001"), 400);
    EXPECT_EQ(status_of("/sleep/99999999999999999999"), 400);
    EXPECT_EQ(status_of("/stream/1"), 400);
    EXPECT_EQ(status_of("/stream/1/2/3"), 400);
    EXPECT_EQ(status_of("/stream/1/1048577"), 400);
    EXPECT_EQ(status_of("/stream/1000000/1048576"), 400);
}

TEST(Demo, KnowsWhatItDoesNotHave) {
    const FakeAnswer answer = ask(FakeRequest("GET", "/nothing"));
    EXPECT_EQ(answer.body, "not found\n");
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(status_of("/info/x"), 404);
}

TEST(Demo, NamesTheMethodsItTakes) {
    const FakeAnswer posted = ask(FakeRequest("POST", "/")), fetched = ask(FakeRequest("GET", "/echo"));
    EXPECT_EQ(posted.status, 405);
    EXPECT_EQ(posted.header("allow"), "GET, HEAD");
    EXPECT_EQ(fetched.status, 405);
    EXPECT_EQ(fetched.header("allow"), "POST, PUT");
}
