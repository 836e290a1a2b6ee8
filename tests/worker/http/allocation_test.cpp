// Reading requests and writing heads allocates nothing once the first has gone through.

#include <gtest/gtest.h>

#include "tests/support/counting_new.hpp"
#include "worker/http/chunk_writer.hpp"
#include "worker/http/forwarded.hpp"
#include "worker/http/request_parser.hpp"
#include "worker/http/response_head.hpp"

namespace girin {
namespace {

constexpr std::string_view kRequest =
    "POST /a?b HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\nForwarded: for=192.0.2.1\r\n"
    "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\nG: 7\r\nH: 8\r\n"
    "I: 9\r\nJ: 10\r\nK: 11\r\nL: 12\r\nM: 13\r\nN: 14\r\n\r\n"
    "5\r\nhello\r\n0\r\nT: u\r\n\r\n";

void read_one(RequestParser& parser, const TrustedPeers& trusted) {
    std::string_view bytes = kRequest;
    for (RequestEvent event{}; event != RequestEvent::end;) {
        const RequestStep step = parser.next(bytes);
        event = step.event;
        ASSERT_NE(event, RequestEvent::error);
        bytes.remove_prefix(step.consumed);
        if (event != RequestEvent::head) continue;
        EXPECT_EQ(find_origin(Origin(), parser.head().fields, trusted, ForwardedHeader::forwarded).client, "192.0.2.1");
    }
}

void write_one(std::string& out, FieldList fields) {
    out.clear();
    ResponseHead head;
    head.fields = fields;
    ResponseContext context;
    context.server = "girin";
    ASSERT_TRUE(append_response_head(out, head, context).has_value());
    append_chunk(out, "hello");
    ASSERT_TRUE(append_last_chunk(out).has_value());
}

TEST(Allocations, AreNoneAfterTheFirstRequest) {
    const Limits limits;
    const TrustedPeers trusted;
    RequestParser parser(limits);
    Fields fields;
    fields.add("Content-Type", "text/plain");
    std::string out;
    read_one(parser, trusted);
    write_one(out, fields);
    const std::size_t before = test::allocations();
    for (int i = 0; i < 100; ++i) {
        read_one(parser, trusted);
        write_one(out, fields);
    }
    EXPECT_EQ(test::allocations(), before);
}

}  // namespace
}  // namespace girin
