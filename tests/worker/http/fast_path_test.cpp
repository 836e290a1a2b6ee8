// A head that has arrived whole may go the fast path, one that comes in two pieces never does: both are told
// alike, for every small change to a usual head and for every limit that it might touch.

#include <gtest/gtest.h>

#include "tests/worker/http/request_transcript.hpp"

namespace girin::test {
namespace {

const std::string kHeads[] = {
    "GET /a?b=c HTTP/1.1\r\nHost: www.example.com:8080\r\nAccept: */*\r\nX:\r\n\r\n",
    "POST /%41 HTTP/1.1\r\nHost:127.0.0.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
    "OPTIONS /0123456789abcdef?0123456789abcdef%20 HTTP/1.1\r\nhost: a\r\nConnection: keep-alive\r\n"
    "Upgrade-Insecure-Requests: 1\r\n\r\n",
    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
};

void expect_same(const std::string& bytes, const Limits& limits) {
    ASSERT_EQ(transcript(bytes, {}, limits), transcript(bytes, {1}, limits)) << escape(bytes);
}

TEST(FastPath, ReadsAsTheSlowOneWhateverByteIsChanged) {
    for (const std::string& head : kHeads) {
        for (std::size_t at = 0; at < head.size(); ++at) {
            std::string bytes = head;
            for (unsigned value = 0; value < 256; ++value) {
                bytes[at] = static_cast<char>(value);
                expect_same(bytes, Limits());
            }
        }
    }
}

TEST(FastPath, ReadsAsTheSlowOneWhateverByteIsInsertedOrMissing) {
    for (const std::string& head : kHeads) {
        for (std::size_t at = 0; at < head.size(); ++at) {
            expect_same(std::string(head).erase(at, 1), Limits());
            for (const char c : std::string_view("\r\n \t:%?#/a\x7f\x80\0", 13)) {
                expect_same(std::string(head).insert(at, 1, c), Limits());
            }
        }
    }
}

TEST(FastPath, ReadsAsTheSlowOneWhereverTheBytesEnd) {
    for (const std::string& head : kHeads) {
        for (std::size_t size = 2; size < head.size(); ++size) expect_same(head.substr(0, size), Limits());
    }
}

TEST(FastPath, KeepsEveryLimitAsTheSlowOneDoes) {
    for (const std::string& head : kHeads) {
        for (std::size_t limit = 0; limit <= head.size() + 1; ++limit) {
            for (std::size_t Limits::*which : {&Limits::request_line_bytes, &Limits::request_field_bytes,
                                               &Limits::request_head_bytes, &Limits::request_fields}) {
                Limits limits;
                limits.*which = limit;
                expect_same(head, limits);
            }
        }
    }
}

TEST(FastPath, RefusesALargeBodyAsTheSlowOneDoes) {
    Limits limits;
    limits.request_body_bytes = 2;
    for (const std::string& head : kHeads) expect_same(head, limits);
}

TEST(FastPath, LeavesNothingBehindForTheNextRequest) {
    for (const std::string& first : kHeads) {
        for (const std::string& second : kHeads) {
            const std::string alone = transcript(first, {1}, Limits()) + transcript(second, {1}, Limits());
            ASSERT_EQ(transcript(first + second, {}, Limits()), alone) << escape(first + second);
        }
    }
}

TEST(FastPath, CountsEmptyLinesAsTheSlowOneDoes) {
    for (const std::string& head : kHeads) {
        for (std::string lines; lines.size() < 8; lines += "\r\n") {
            expect_same(lines + head, Limits());
            ASSERT_EQ(transcript(lines + head, {}, Limits()), transcript(lines + head, {lines.size()}, Limits()));
        }
    }
}

}  // namespace
}  // namespace girin::test
