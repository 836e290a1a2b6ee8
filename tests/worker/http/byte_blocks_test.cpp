// The questions of sixteen bytes at once mean what the table of classes says of one.

#include "worker/http/byte_blocks.hpp"

#if defined(__SSE2__)

#include <gtest/gtest.h>

#include <string>

#include "worker/http/chars.hpp"
#include "worker/http/target.hpp"

namespace girin {
namespace {

/// Every byte value at every place of a block of otherwise good bytes.
template <class Expected>
void expect_of_all_bytes(unsigned (ByteBlock::*question)() const, Expected expected) {
    for (unsigned value = 0; value < 256; ++value) {
        const char c = static_cast<char>(value);
        for (std::size_t place = 0; place < ByteBlock::kSize; ++place) {
            std::string bytes(ByteBlock::kSize, 'a');
            bytes[place] = c;
            const unsigned answer = (ByteBlock(bytes.data()).*question)();
            ASSERT_EQ(answer, expected(c) ? 1u << place : 0u) << "byte " << value << " at " << place;
        }
    }
}

bool is_word(char c) {
    return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

TEST(ByteBlock, TellsWhatIsNotPrintable) {
    expect_of_all_bytes(&ByteBlock::not_printable, [](char c) { return c < 0x20 || c > 0x7e; });
}

TEST(ByteBlock, TellsWhatIsNotOfATarget) {
    const auto outside = [](char c) { return !chars::is(c, chars::kTarget); };
    expect_of_all_bytes(&ByteBlock::not_target, outside);
    expect_of_all_bytes(&ByteBlock::not_plain_path, [&](char c) {
        return outside(c) || c == '%' || c == '?' || kNeverInPath.find(c) != std::string_view::npos;
    });
}

TEST(ByteBlock, TellsWhatIsNotOfAWord) {
    expect_of_all_bytes(&ByteBlock::not_word, [](char c) { return !is_word(c); });
    expect_of_all_bytes(&ByteBlock::not_host_word, [](char c) { return !is_word(c) && c != '.'; });
}

TEST(ByteBlock, KnowsNoWordByteThatTheClassesRefuse) {
    for (unsigned value = 0; value < 256; ++value) {
        const char c = static_cast<char>(value);
        if (!is_word(c)) continue;
        EXPECT_TRUE(chars::is(c, chars::kToken)) << value;
        EXPECT_TRUE(chars::is(c, chars::kRegName)) << value;
    }
}

TEST(ByteBlocks, FindFromAnywhereWithoutLookingOutside) {
    for (std::size_t size = ByteBlock::kSize; size <= 50; ++size) {
        for (std::size_t stop = 0; stop <= size; ++stop) {
            std::string bytes = std::string(size, 'a') + '\r';  // behind the text: not to be found
            if (stop < size) bytes[stop] = '\r';
            const ByteBlocks blocks(std::string_view(bytes).substr(0, size));
            for (std::size_t from = 0; from <= size; ++from) {
                const std::size_t expected = from <= stop ? stop : size;
                ASSERT_EQ(blocks.find<&ByteBlock::not_printable>(from), expected) << size << " " << stop << " " << from;
            }
        }
    }
}

}  // namespace
}  // namespace girin

#endif
