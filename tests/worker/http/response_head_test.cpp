#include "worker/http/response_head.hpp"

#include <gtest/gtest.h>

#include "girin/http/date.hpp"
#include "girin/http/status.hpp"

namespace girin {
namespace {

/// A head with its context, and what comes of them.
struct Answer {
    ResponseHead head;
    ResponseContext context;
    Fields fields;
    ResponsePlan plan;
    std::string error;

    std::string write() {
        std::string out = "before:";
        head.fields = fields;
        const Result<ResponsePlan> result = append_response_head(out, head, context);
        error = result ? "" : result.error().message();
        if (result) plan = *result;
        EXPECT_TRUE(result || out == "before:") << "a failure leaves the bytes as they were";
        return out.substr(7);
    }
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(ResponseHead, HasTheUsualForm) {
    Answer answer;
    answer.head.body_bytes = 13;
    answer.head.content_type = "text/plain";
    answer.context.server = "girin";
    answer.context.date = "Sun, 06 Nov 1994 08:49:37 GMT";
    EXPECT_EQ(answer.write(),
              "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\nServer: girin\r\n"
              "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
    EXPECT_EQ(answer.plan.framing, ResponseFraming::content_length);
    EXPECT_EQ(answer.plan.content_length, 13u);
    EXPECT_TRUE(answer.plan.keep_alive);
}

TEST(ResponseHead, KeepsTheApplicationsOwnServerDateAndType) {
    Answer answer;
    answer.fields.add("SERVER", "mine");
    answer.fields.add("date", "never");
    answer.fields.add("content-type", "image/png");
    answer.head.body_bytes = 0;
    answer.head.content_type = "text/plain";
    answer.context.server = "girin";
    answer.context.date = "now";
    EXPECT_EQ(answer.write(),
              "HTTP/1.1 200 OK\r\nSERVER: mine\r\ndate: never\r\ncontent-type: image/png\r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseHead, StreamsChunkedOnlyToHttp11) {
    Answer answer;
    EXPECT_TRUE(contains(answer.write(), "Transfer-Encoding: chunked\r\n"));
    EXPECT_EQ(answer.plan.framing, ResponseFraming::chunked);
    answer.context.version = HttpVersion::http_1_0;
    const std::string old = answer.write();
    EXPECT_FALSE(contains(old, "Transfer-Encoding"));
    EXPECT_TRUE(contains(old, "Connection: close\r\n"));
    EXPECT_EQ(answer.plan.framing, ResponseFraming::until_close);
    EXPECT_FALSE(answer.plan.keep_alive);
}

TEST(ResponseHead, AnswersKeepAliveOfHttp10WhereALengthIsKnown) {
    Answer answer;
    answer.context.version = HttpVersion::http_1_0;
    answer.head.body_bytes = 1;
    EXPECT_TRUE(contains(answer.write(), "Connection: keep-alive\r\n"));
    answer.context.keep_alive = false;
    EXPECT_TRUE(contains(answer.write(), "Connection: close\r\n"));
}

TEST(ResponseHead, StreamsByTheLengthThatTheApplicationAnnounced) {
    Answer answer;
    answer.fields.add("Content-Length", "77");
    const std::string text = answer.write();
    EXPECT_TRUE(contains(text, "Content-Length: 77\r\n"));
    EXPECT_FALSE(contains(text, "chunked"));
    EXPECT_EQ(answer.plan.content_length, 77u);
}

TEST(ResponseHead, HasNoBodyFor204And304And1xxAndHead) {
    for (int status : {100, 103, 204, 304}) {
        Answer answer;
        answer.head.status = status;
        const std::string text = answer.write();
        EXPECT_EQ(answer.plan.framing, ResponseFraming::none) << status;
        EXPECT_FALSE(contains(text, "Content-Length")) << status;
        EXPECT_FALSE(contains(text, "Transfer-Encoding")) << status;
    }
    Answer head;
    head.context.head_method = true;
    head.head.body_bytes = 9;
    EXPECT_TRUE(contains(head.write(), "Content-Length: 9\r\n"));
    EXPECT_EQ(head.plan.framing, ResponseFraming::none);
}

TEST(ResponseHead, AnnouncesWhatGetWouldHaveSentOnlyWhereItIsKnown) {
    Answer head;
    head.context.head_method = true;
    EXPECT_FALSE(contains(head.write(), "Content-Length"));
    head.head.body_bytes = 0;
    EXPECT_FALSE(contains(head.write(), "Content-Length"));
    head.fields.add("Content-Length", "500");
    EXPECT_TRUE(contains(head.write(), "Content-Length: 500\r\n"));
    head.head.status = 304;
    EXPECT_TRUE(contains(head.write(), "Content-Length: 500\r\n"));
    head.head.status = 204;
    EXPECT_FALSE(contains(head.write(), "Content-Length"));
}

TEST(ResponseHead, DropsHopByHopFields) {
    Answer answer;
    answer.head.body_bytes = 0;
    for (const char* name : {"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "TE", "Upgrade"}) {
        answer.fields.add(name, "x");
    }
    EXPECT_EQ(answer.write(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseHead, ClosesWhenTheApplicationSaysSo) {
    Answer answer;
    answer.head.body_bytes = 0;
    answer.fields.add("connection", "foo, Close");
    EXPECT_EQ(answer.write(), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    EXPECT_FALSE(answer.plan.keep_alive);
}

TEST(ResponseHead, KeepsUpgradeWhereItBelongs) {
    Answer answer;
    answer.head.status = 101;
    answer.fields.add("Upgrade", "websocket");
    EXPECT_EQ(answer.write(), "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
    answer.head.status = 426;
    answer.head.body_bytes = 0;
    EXPECT_TRUE(contains(answer.write(), "Upgrade: websocket\r\n"));
}

TEST(ResponseHead, RefusesWhatWouldEndALine) {
    constexpr std::string_view kValues[] = {"a\r\nSet-Cookie: b", "a\nb", "a\rb", {"a\0b", 3}, "\x01"};
    for (std::string_view value : kValues) {
        Answer answer;
        answer.fields.add("X", value);
        answer.write();
        EXPECT_TRUE(contains(answer.error, "\"X\"")) << answer.error;
    }
    for (std::string_view name : {"", "a b", "a:", "a\r\nb", "\xe9"}) {
        Answer answer;
        answer.fields.add(name, "v");
        answer.write();
        EXPECT_FALSE(answer.error.empty()) << name;
        EXPECT_FALSE(contains(answer.error, "\n"));
    }
}

TEST(ResponseHead, RefusesLengthsThatDisagree) {
    Answer twice;
    twice.fields.add("Content-Length", "5");
    twice.fields.add("content-length", "5");
    twice.write();
    EXPECT_TRUE(contains(twice.error, "twice"));
    Answer other;
    other.fields.add("Content-Length", "5");
    other.head.body_bytes = 6;
    other.write();
    EXPECT_TRUE(contains(other.error, "the body has 6"));
    Answer invalid;
    invalid.fields.add("Content-Length", "+5");
    invalid.write();
    EXPECT_TRUE(contains(invalid.error, "invalid"));
}

TEST(ResponseHead, RefusesStatusesThatAreNone) {
    for (int status : {-1, 0, 99, 600, 1000}) {
        Answer answer;
        answer.head.status = status;
        answer.write();
        EXPECT_FALSE(answer.error.empty()) << status;
    }
}

TEST(ResponseHead, SendsInterimAnswersToHttp11Only) {
    Answer hints;
    hints.head.status = 103;
    hints.fields.add("Link", "</a.css>");
    hints.context.server = "girin";
    hints.context.date = "now";
    EXPECT_EQ(hints.write(), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
    hints.context.version = HttpVersion::http_1_0;
    hints.write();
    EXPECT_FALSE(hints.error.empty());
}

TEST(PlainAnswer, IsWholeAndCloses) {
    std::string out;
    ResponseContext context;
    context.keep_alive = false;
    EXPECT_FALSE(append_plain_answer(out, 400, "bad\r\nthing", context).keep_alive);
    EXPECT_EQ(out,
              "HTTP/1.1 400 Bad Request\r\nContent-Length: 27\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Connection: close\r\n\r\n400 Bad Request\nbad??thing\n");
}

TEST(PlainAnswer, HasNoBodyForHead) {
    std::string out;
    ResponseContext context;
    context.head_method = true;
    append_plain_answer(out, 404, "", context);
    EXPECT_TRUE(contains(out, "Content-Length: 14\r\n"));
    EXPECT_TRUE(out.ends_with("\r\n\r\n"));
}

TEST(Status, HasAPhraseForEachRegisteredCode) {
    EXPECT_EQ(reason_phrase(100), "Continue");
    EXPECT_EQ(reason_phrase(404), "Not Found");
    EXPECT_EQ(reason_phrase(511), "Network Authentication Required");
    EXPECT_EQ(reason_phrase(299), "Unknown");
    EXPECT_EQ(reason_phrase(599), "Unknown");
}

TEST(HttpDate, IsImfFixdate) {
    const HttpDate date = http_date(784111777);
    EXPECT_EQ(std::string(date.data(), date.size()), "Sun, 06 Nov 1994 08:49:37 GMT");
    const HttpDate leap = http_date(951782400);
    EXPECT_EQ(std::string(leap.data(), leap.size()), "Tue, 29 Feb 2000 00:00:00 GMT");
    EXPECT_EQ(http_date(-5), http_date(0));
}

TEST(DateCache, FollowsTheSecond) {
    DateCache cache;
    EXPECT_EQ(cache.at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(cache.at(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(cache.at(784111778), "Sun, 06 Nov 1994 08:49:38 GMT");
    EXPECT_EQ(cache.at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace girin
