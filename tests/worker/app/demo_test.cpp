#include "worker/app/demo.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "girin/loop/asio_loop.hpp"
#include "tests/worker/app/fake_exchange.hpp"

using namespace girin;
using girin::test::FakeRequest;

namespace json = boost::json;

namespace {

FakeRequest& ask(FakeRequest& request) {
    const auto demo = make_demo_application();
    request.run(*demo);
    return request;
}

std::string body_of(FakeRequest& request) { return ask(request).exchange.body.value_or("(none)"); }

/// The status a throwing answer would have.
int refused_with(const std::string& target) {
    FakeRequest request("GET", target);
    try {
        ask(request);
    } catch (const HttpError& error) {
        return error.status();
    }
    return 0;
}

}  // namespace

TEST(Demo, Greets) {
    FakeRequest request;
    EXPECT_EQ(body_of(request), "Hello, World!");
    EXPECT_EQ(request.exchange.status, 200);
    EXPECT_TRUE(request.exchange.answer.empty());
}

TEST(Demo, ShowsBrowsersAPage) {
    FakeRequest request;
    request.field("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    EXPECT_TRUE(body_of(request).starts_with("<!doctype html>"));
    EXPECT_EQ(request.exchange.answer.find("content-type"), "text/html; charset=utf-8");
    EXPECT_EQ(request.exchange.answer.find("vary"), "Accept");
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
    const json::object info = json::parse(body_of(request)).as_object();
    EXPECT_EQ(request.exchange.answer.find("content-type"), "application/json");
    EXPECT_EQ(info.at("pid").to_number<int>(), 42);
    EXPECT_EQ(info.at("slot").to_number<int>(), 1);
    EXPECT_EQ(info.at("generation").to_number<int>(), 3);
    EXPECT_EQ(info.at("requests").to_number<int>(), 17);
    EXPECT_EQ(info.at("scheme"), "https");
    EXPECT_EQ(info.at("client"), "198.51.100.7");
    EXPECT_EQ(info.at("host"), "shop.example");
}

TEST(Demo, ListsTheFieldsAsTheyCame) {
    FakeRequest request("GET", "/headers");
    request.field("Host", "a").field("X-Two", "1").field("x-two", "\"2\"").field("X-Latin", "caf\xe9");
    EXPECT_EQ(body_of(request), R"([["Host","a"],["X-Two","1"],["x-two","\"2\""],["X-Latin","café"]])"
                                "\n");
}

TEST(Demo, EchoesPieceByPiece) {
    FakeRequest request("POST", "/echo");
    request.field("Content-Type", "image/png").field("Content-Length", "7").piece("one").piece("four");
    ask(request);
    EXPECT_EQ(request.exchange.pieces, (std::vector<std::string>{"one", "four"}));
    EXPECT_EQ(request.exchange.answer.find("content-type"), "image/png");
    EXPECT_EQ(request.exchange.answer.find("content-length"), "7");
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
    FakeRequest request("GET", "/stream/3/28");
    ask(request);
    const std::string piece = "abcdefghijklmnopqrstuvwxyzab";
    EXPECT_EQ(request.exchange.pieces, (std::vector<std::string>{piece, piece, piece}));
}

TEST(Demo, StreamsNothingAsAnEmptyBody) {
    FakeRequest none("GET", "/stream/0/10"), empty("GET", "/stream/10/0");
    EXPECT_EQ(body_of(none), "");
    EXPECT_EQ(body_of(empty), "");
}

TEST(Demo, RefusesBadNumbers) {
    EXPECT_EQ(refused_with("/sleep/"), 400);
    EXPECT_EQ(refused_with("/sleep/soon"), 400);
    EXPECT_EQ(refused_with("/sleep/-1"), 400);
    EXPECT_EQ(refused_with("/sleep/60001"), 400);
    EXPECT_EQ(refused_with("/sleep/99999999999999999999"), 400);
    EXPECT_EQ(refused_with("/stream/1"), 400);
    EXPECT_EQ(refused_with("/stream/1/2/3"), 400);
    EXPECT_EQ(refused_with("/stream/1/1048577"), 400);
    EXPECT_EQ(refused_with("/stream/1000000/1048576"), 400);
}

TEST(Demo, KnowsWhatItDoesNotHave) {
    FakeRequest request("GET", "/nothing"), below("GET", "/info/x");
    EXPECT_EQ(body_of(request), "not found\n");
    EXPECT_EQ(request.exchange.status, 404);
    EXPECT_EQ(ask(below).exchange.status, 404);
}

TEST(Demo, NamesTheMethodsItTakes) {
    FakeRequest posted("POST", "/"), fetched("GET", "/echo");
    EXPECT_EQ(ask(posted).exchange.status, 405);
    EXPECT_EQ(posted.exchange.answer.find("allow"), "GET, HEAD");
    EXPECT_EQ(ask(fetched).exchange.status, 405);
    EXPECT_EQ(fetched.exchange.answer.find("allow"), "POST, PUT");
}
