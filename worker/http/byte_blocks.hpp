#pragma once

// ByteBlocks: asks sixteen bytes of a text at once, by SSE2. Each question is answered by a mask: bit i for
// byte i. Only for the fast path of the request parser; where a machine has no SSE2, there is none.

#if defined(__SSE2__)

#include <emmintrin.h>

#include <bit>
#include <cstddef>
#include <string_view>

namespace girin {

/// Sixteen bytes, and what can be asked about them.
class ByteBlock {
  public:
    static constexpr std::size_t kSize = 16;

    explicit ByteBlock(const char* begin) : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(begin))) {}

    /// Not printable ASCII, the blank included.
    unsigned not_printable() const { return mask(within(bytes_, 0x20, 0x7e)) ^ 0xffff; }
    /// Not chars::kTarget.
    unsigned not_target() const { return mask(outside_target()); }
    /// As not_target(), or "%", "?" or one of kNeverInPath.
    unsigned not_plain_path() const { return mask(outside_target() | equals('%') | equals('?') | never_in_path()); }
    /// No letter, digit or "-": nearly all field names consist of them.
    unsigned not_word() const { return mask(word()) ^ 0xffff; }
    /// No letter, digit, "-" or ".": nearly all host names consist of them.
    unsigned not_host_word() const { return mask(word() | equals('.')) ^ 0xffff; }

  private:
    static unsigned mask(__m128i answer) { return static_cast<unsigned>(_mm_movemask_epi8(answer)); }
    static __m128i all(int byte) { return _mm_set1_epi8(static_cast<char>(byte)); }

    __m128i equals(char c) const { return _mm_cmpeq_epi8(bytes_, all(c)); }
    /// first ≤ byte ≤ last: moved so that `last` becomes the largest signed byte, only these are so large.
    static __m128i within(__m128i bytes, int first, int last) {
        return _mm_cmpgt_epi8(_mm_add_epi8(bytes, all(0x7f - last)), all(0x7f - last + first - 1));
    }
    __m128i outside(int first, int last) const {
        return _mm_cmplt_epi8(_mm_add_epi8(bytes_, all(0x7f - last)), all(0x7f - last + first));
    }
    __m128i outside_target() const { return outside(0x21, 0x7e) | equals('#'); }
    /// By their bits: "<" and ">", and "\\" and "^", differ in one.
    __m128i never_in_path() const {
        const __m128i paired = bytes_ | all(0x02);
        return equals('"') | _mm_cmpeq_epi8(paired, all('>')) | _mm_cmpeq_epi8(paired, all('^')) | equals('`') |
               within(bytes_, '{', '}');
    }
    __m128i word() const {
        return within(bytes_ | all(0x20), 'a', 'z') | within(bytes_, '0', '9') | equals('-');
    }

    __m128i bytes_;
};

/// A text of at least one block, in blocks that begin anywhere. Nothing outside of it is ever read.
class ByteBlocks {
  public:
    /// `text` has at least ByteBlock::kSize bytes.
    explicit ByteBlocks(std::string_view text) : text_(text) {}

    /// The first byte from `at` (≤ size) on for which the answer is yes; the text's size where there is none.
    template <unsigned (ByteBlock::*Question)() const>
    std::size_t find(std::size_t at) const {
        for (; text_.size() - at >= ByteBlock::kSize; at += ByteBlock::kSize) {
            if (const unsigned found = ask<Question>(at)) return at + first(found);
        }
        // Of the text's last block what lies before `at` is shifted out.
        const std::size_t last = text_.size() - ByteBlock::kSize;
        const unsigned found = ask<Question>(last) >> (at - last);
        return found != 0 ? at + first(found) : text_.size();
    }

  private:
    template <unsigned (ByteBlock::*Question)() const>
    unsigned ask(std::size_t at) const {
        return (ByteBlock(text_.data() + at).*Question)();
    }
    static std::size_t first(unsigned found) { return static_cast<unsigned>(std::countr_zero(found)); }

    std::string_view text_;
};

}  // namespace girin

#endif
