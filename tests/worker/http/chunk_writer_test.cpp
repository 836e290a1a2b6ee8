#include "worker/http/chunk_writer.hpp"

#include <gtest/gtest.h>

namespace girin {
namespace {

TEST(ChunkWriter, WritesSizesInHexadecimal) {
    std::string out;
    append_chunk_head(out, 1);
    append_chunk_head(out, 255);
    append_chunk_head(out, static_cast<std::size_t>(-1));
    EXPECT_EQ(out, "1\r\nff\r\nffffffffffffffff\r\n");
}

TEST(ChunkWriter, WritesNoEmptyChunk) {
    std::string out;
    append_chunk(out, "");
    EXPECT_EQ(out, "");
    append_chunk(out, "hello");
    EXPECT_EQ(out, "5\r\nhello\r\n");
}

TEST(ChunkWriter, EndsWithTrailersThatMayBe) {
    Fields trailers;
    trailers.add("Checksum", "abc");
    trailers.add("Content-Length", "5");
    std::string out;
    ASSERT_TRUE(append_last_chunk(out, trailers).has_value());
    EXPECT_EQ(out, "0\r\nChecksum: abc\r\n\r\n");
}

TEST(ChunkWriter, RefusesTrailersThatWouldEndALine) {
    Fields trailers;
    trailers.add("X", "a\r\n\r\nHTTP/1.1 200 OK");
    std::string out = "kept";
    EXPECT_FALSE(append_last_chunk(out, trailers).has_value());
    EXPECT_EQ(out, "kept");
}

}  // namespace
}  // namespace girin
