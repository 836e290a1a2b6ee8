// ResponseParser: reads what the RFCs allow, wherever the bytes are split, and refuses the rest.

#include <gtest/gtest.h>

#include "tests/support/http_response.hpp"

namespace girin::test {
namespace {

const char* const kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-One: 1\r\n\r\n"
    "5\r\nhello\r\n7;ext=1\r\n, world\r\n0\r\nDigest: abc\r\n\r\n";

ResponseParser parsed(std::string_view bytes, bool to_head = false) {
    ResponseParser parser(to_head);
    parser.feed(bytes);
    return parser;
}

TEST(ResponseParser, ReadsABodyByItsLength) {
    ResponseParser parser;
    const std::string_view bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1";
    EXPECT_EQ(parser.feed(bytes), bytes.size() - 8);
    ASSERT_TRUE(parser.complete());
    EXPECT_EQ(parser.response().status, 200);
    EXPECT_EQ(parser.response().reason, "OK");
    EXPECT_EQ(parser.response().body, "hello");
    EXPECT_EQ(parser.response().field("content-length"), "5");
    EXPECT_TRUE(parser.response().keeps_connection);
}

TEST(ResponseParser, ReadsChunksAndTrailersAtEverySplit) {
    const std::string_view bytes = kChunked;
    for (std::size_t split = 0; split <= bytes.size(); ++split) {
        ResponseParser parser;
        parser.feed(bytes.substr(0, split));
        parser.feed(bytes.substr(split));
        ASSERT_TRUE(parser.complete()) << "split at " << split << ": " << parser.error();
        EXPECT_EQ(parser.response().body, "hello, world");
        EXPECT_EQ(find_field(parser.response().trailers, "digest"), "abc");
        EXPECT_EQ(parser.response().raw, bytes);
    }
}

TEST(ResponseParser, ReadsToTheEndWithoutFraming) {
    ResponseParser parser = parsed("HTTP/1.1 200 OK\r\n\r\nall of it");
    EXPECT_FALSE(parser.complete());
    parser.finish();
    ASSERT_TRUE(parser.complete());
    EXPECT_EQ(parser.response().body, "all of it");
    EXPECT_FALSE(parser.response().keeps_connection);
}

TEST(ResponseParser, ExpectsNoBodyWhereThereIsNone) {
    EXPECT_TRUE(parsed("HTTP/1.1 204 No Content\r\n\r\n").complete());
    EXPECT_TRUE(parsed("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").complete());
    EXPECT_TRUE(parsed("HTTP/1.1 100 Continue\r\n\r\n").complete());
    EXPECT_TRUE(parsed("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true).complete());
}

TEST(ResponseParser, KnowsWhetherTheConnectionStaysOpen) {
    const std::string tail = "Content-Length: 0\r\n\r\n";
    EXPECT_TRUE(parsed("HTTP/1.1 200 OK\r\n" + tail).response().keeps_connection);
    EXPECT_FALSE(parsed("HTTP/1.1 200 OK\r\nConnection: x, Close\r\n" + tail).response().keeps_connection);
    EXPECT_FALSE(parsed("HTTP/1.0 200 OK\r\n" + tail).response().keeps_connection);
    EXPECT_TRUE(parsed("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + tail).response().keeps_connection);
}

TEST(ResponseParser, RefusesBrokenFraming) {
    const char* const broken[] = {
        "SSH-2.0\r\n",
        "HTTP/1.1 2xx OK\r\n",
        "HTTP/1.1 200 OK\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n",
        "HTTP/1.1 200 OK\r\nName : x\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
    };
    for (const char* bytes : broken) EXPECT_TRUE(parsed(bytes).failed()) << bytes;
}

TEST(ResponseParser, StaysIncompleteWhenTheBodyIsCutShort) {
    ResponseParser parser = parsed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
    parser.finish();
    EXPECT_FALSE(parser.complete());
    EXPECT_FALSE(parser.failed());
}

}  // namespace
}  // namespace girin::test
