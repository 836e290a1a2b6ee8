// The parser's contract with its caller. What it makes of which bytes is the corpus's matter (tests/requests).

#include "worker/http/request_parser.hpp"

#include <gtest/gtest.h>

#include <string>

namespace girin {
namespace {

constexpr std::string_view kGet = "GET /a%20b?q HTTP/1.1\r\nHost: example.com\r\nX: y\r\n\r\n";
constexpr std::string_view kChunkedHead = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(RequestParser, TellsHeadAndEndOfARequestWithoutBody) {
    const Limits limits;
    RequestParser parser(limits);
    EXPECT_TRUE(parser.between_requests());
    const RequestStep head = parser.next(kGet);
    ASSERT_EQ(head.event, RequestEvent::head);
    EXPECT_EQ(head.consumed, kGet.size());
    EXPECT_FALSE(parser.between_requests());
    EXPECT_EQ(parser.head().fields.find("x"), "y");
    const RequestStep end = parser.next("");
    EXPECT_EQ(end.event, RequestEvent::end);
    EXPECT_EQ(end.consumed, 0u);
    EXPECT_TRUE(parser.between_requests());
    EXPECT_EQ(parser.next("").event, RequestEvent::need_more);
}

TEST(RequestParser, SkipsABodyThatIsEmpty) {
    const Limits limits;
    RequestParser parser(limits);
    EXPECT_FALSE(parser.skip_empty_body());
    constexpr std::string_view kEmptyPut = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    for (const std::string_view request : {kGet, kEmptyPut}) {
        ASSERT_EQ(parser.next(request).event, RequestEvent::head);
        EXPECT_EQ(parser.body_bytes_left(), 0u);
        EXPECT_TRUE(parser.skip_empty_body());
        EXPECT_TRUE(parser.between_requests());
        EXPECT_FALSE(parser.skip_empty_body());
    }
    EXPECT_FALSE(parser.head().method.empty());
}

TEST(RequestParser, SkipsNoBodyThatHasToBeRead) {
    const Limits limits;
    RequestParser parser(limits);
    ASSERT_EQ(parser.next(kChunkedHead).event, RequestEvent::head);
    EXPECT_FALSE(parser.skip_empty_body());
    EXPECT_EQ(parser.next("0\r\n\r\n").event, RequestEvent::end);
    ASSERT_EQ(parser.next("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n").event, RequestEvent::head);
    EXPECT_FALSE(parser.skip_empty_body());
    EXPECT_EQ(parser.next("x").event, RequestEvent::body);
}

TEST(RequestParser, KeepsAnIncompleteHeadUnconsumed) {
    const Limits limits;
    RequestParser parser(limits);
    const RequestStep step = parser.next(kGet.substr(0, 30));
    EXPECT_EQ(step.event, RequestEvent::need_more);
    EXPECT_EQ(step.consumed, 0u);
    EXPECT_FALSE(parser.between_requests());
}

TEST(RequestParser, DropsEmptyLinesBeforeARequestAtOnce) {
    const Limits limits;
    RequestParser parser(limits);
    const RequestStep step = parser.next("\r\n\r\n");
    EXPECT_EQ(step.event, RequestEvent::need_more);
    EXPECT_EQ(step.consumed, 4u);
    EXPECT_TRUE(parser.between_requests());
}

TEST(RequestParser, CountsEmptyLinesAndHeadAsConsumed) {
    const Limits limits;
    RequestParser parser(limits);
    const std::string bytes = "\r\n" + std::string(kGet) + "next";
    const RequestStep step = parser.next(bytes);
    ASSERT_EQ(step.event, RequestEvent::head);
    EXPECT_EQ(step.consumed, bytes.size() - 4);
    EXPECT_EQ(parser.head().bytes, kGet);
}

TEST(RequestParser, FollowsAMoveOfTheHeadsBytes) {
    const Limits limits;
    RequestParser parser(limits);
    std::string bytes(kGet);
    ASSERT_EQ(parser.next(bytes).event, RequestEvent::head);
    const std::string copy = bytes;
    parser.head_moved_to(copy.data());
    bytes.assign(bytes.size(), '!');
    EXPECT_EQ(parser.head().method, "GET");
    EXPECT_EQ(parser.head().target.path, "/a%20b");
    EXPECT_EQ(parser.head().target.query, "q");
    EXPECT_EQ(parser.head().host, "example.com");
    EXPECT_EQ(parser.head().fields[1].name, "X");
}

TEST(RequestParser, HandsOutBodiesWithoutCopying) {
    const Limits limits;
    RequestParser parser(limits);
    const std::string_view bytes = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello!";
    const std::size_t head_bytes = parser.next(bytes).consumed;
    EXPECT_EQ(parser.body_bytes_left(), 5u);
    const RequestStep step = parser.next(bytes.substr(head_bytes));
    ASSERT_EQ(step.event, RequestEvent::body);
    EXPECT_EQ(step.consumed, 5u);
    EXPECT_EQ(parser.body().data(), bytes.data() + head_bytes);
    EXPECT_EQ(parser.body(), "hello");
    EXPECT_EQ(parser.body_bytes_left(), 0u);
}

TEST(RequestParser, KnowsNoLengthOfAChunkedBody) {
    const Limits limits;
    RequestParser parser(limits);
    ASSERT_EQ(parser.next(kChunkedHead).event, RequestEvent::head);
    EXPECT_EQ(parser.body_bytes_left(), std::nullopt);
}

TEST(RequestParser, ConsumesChunkLinesAsTheyCome) {
    const Limits limits;
    RequestParser parser(limits);
    ASSERT_EQ(parser.next(kChunkedHead).event, RequestEvent::head);
    const RequestStep size = parser.next("5;a=");
    EXPECT_EQ(size.event, RequestEvent::need_more);
    EXPECT_EQ(size.consumed, 4u);
    const RequestStep data = parser.next("b\r\nhe");
    ASSERT_EQ(data.event, RequestEvent::body);
    EXPECT_EQ(data.consumed, 5u);
    EXPECT_EQ(parser.body(), "he");
}

TEST(RequestParser, KeepsTheHeadUntilTheNextRequest) {
    const Limits limits;
    RequestParser parser(limits);
    const std::string request = std::string(kChunkedHead) + "1\r\nx\r\n0\r\nT: u\r\n\r\n";
    std::string_view bytes = request;
    for (RequestEvent event{}; event != RequestEvent::end;) {
        const RequestStep step = parser.next(bytes);
        event = step.event;
        ASSERT_NE(event, RequestEvent::error);
        bytes.remove_prefix(step.consumed);
    }
    EXPECT_EQ(parser.head().method, "POST");
    EXPECT_EQ(parser.head().fields.find("host"), "a");
    EXPECT_EQ(parser.trailers().find("t"), "u");
    ASSERT_EQ(parser.next(kGet).event, RequestEvent::head);
    EXPECT_TRUE(parser.trailers().empty());
}

TEST(RequestParser, TellsTheRequestLineOfARefusedRequest) {
    const Limits limits;
    RequestParser parser(limits);
    std::string first("GET /x HTTP/1.1\r\nHos");
    ASSERT_EQ(parser.next(first).event, RequestEvent::need_more);
    const std::string moved = "GET /x HTTP/1.1\r\nHost : a\r\n";
    first.assign(first.size(), '!');
    ASSERT_EQ(parser.next(moved).event, RequestEvent::error);
    EXPECT_EQ(parser.error().status, 400);
    EXPECT_EQ(parser.head().method, "GET");
    EXPECT_EQ(parser.head().raw_target, "/x");
}

TEST(RequestParser, TellsNoRequestLineWhereNoneWasUnderstood) {
    const Limits limits;
    RequestParser parser(limits);
    ASSERT_EQ(parser.next("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").event, RequestEvent::head);
    ASSERT_EQ(parser.next("").event, RequestEvent::end);
    ASSERT_EQ(parser.next("(").event, RequestEvent::error);
    EXPECT_TRUE(parser.head().method.empty());
}

TEST(RequestParser, RefusesTooMuchBeforeItsEndIsSeen) {
    Limits limits;
    limits.request_line_bytes = 100;
    limits.request_field_bytes = 50;
    RequestParser parser(limits);
    ASSERT_EQ(parser.next("GET /" + std::string(95, 'a')).event, RequestEvent::need_more);
    ASSERT_EQ(parser.next("GET /" + std::string(96, 'a')).event, RequestEvent::error);
    EXPECT_EQ(parser.error().status, 414);
    parser.reset();
    const std::string line = "GET / HTTP/1.1\r\n";
    ASSERT_EQ(parser.next(line + std::string(50, 'x')).event, RequestEvent::need_more);
    ASSERT_EQ(parser.next(line + std::string(51, 'x')).event, RequestEvent::error);
    EXPECT_EQ(parser.error().status, 431);
}

TEST(RequestParser, StaysFailedUntilReset) {
    const Limits limits;
    RequestParser parser(limits);
    ASSERT_EQ(parser.next("?").event, RequestEvent::error);
    const RequestStep again = parser.next(kGet);
    EXPECT_EQ(again.event, RequestEvent::error);
    EXPECT_EQ(again.consumed, 0u);
    parser.reset();
    EXPECT_TRUE(parser.between_requests());
    EXPECT_EQ(parser.next(kGet).event, RequestEvent::head);
}

TEST(RequestParser, IsResetInTheMiddleOfABody) {
    const Limits limits;
    RequestParser parser(limits);
    ASSERT_EQ(parser.next("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n").event, RequestEvent::head);
    parser.reset();
    EXPECT_EQ(parser.next(kGet).event, RequestEvent::head);
}

TEST(RequestParser, ReadsALargeHeadByByteInLinearTime) {
    // Half a million calls: quadratic would be 10¹¹ steps, and this test would end by its deadline.
    Limits limits;
    limits.request_head_bytes = 1 << 20;
    limits.request_field_bytes = 1 << 20;
    RequestParser parser(limits);
    const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(500'000, 'x') + "\r\n\r\n";
    for (std::size_t size = 1; size < bytes.size(); ++size) {
        ASSERT_EQ(parser.next({bytes.data(), size}).event, RequestEvent::need_more);
    }
    EXPECT_EQ(parser.next(bytes).event, RequestEvent::head);
}

TEST(RequestParser, TakesAbsurdLimitsForNone) {
    Limits limits;
    limits.request_line_bytes = limits.request_field_bytes = limits.request_head_bytes = limits.request_fields =
        limits.trailer_bytes = limits.chunk_line_bytes = static_cast<std::size_t>(-1);
    limits.request_body_bytes = static_cast<std::uint64_t>(-1);
    RequestParser parser(limits);
    EXPECT_EQ(parser.next(kGet).event, RequestEvent::head);
}

}  // namespace
}  // namespace girin
