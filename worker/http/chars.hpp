#pragma once

// The bytes of HTTP/1.x by what they may be part of: one table, and the few loops that every reader of bytes
// here needs. Not here: anything that knows what a field or a request means.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace girin::chars {

enum Class : std::uint8_t {
    kToken = 1,       // RFC 9110 §5.6.2: method, field name, most list members
    kFieldText = 2,   // RFC 9110 §5.5: inside a field value, blanks and obs-text included
    kTarget = 4,      // inside a request target: printable ASCII but the fragment's "#"
    kRegName = 8,     // RFC 3986 §3.2.2: inside a host name, but "%" and ","
    kQuoted = 16,     // RFC 9110 §5.6.4: inside a quoted string, but its quote and backslash
    kHex = 32,
    kDigit = 64,
};

constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> table{};
    auto mark = [&table](std::string_view bytes, std::uint8_t bits) {
        for (char c : bytes) table[static_cast<unsigned char>(c)] |= bits;
    };
    mark("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", kToken | kRegName);
    mark("!#$%&'*+-.^_`|~", kToken);
    mark("-._~!$&'()*+;=", kRegName);
    mark("0123456789", kDigit);
    mark("0123456789abcdefABCDEF", kHex);
    mark("\t ", kFieldText | kQuoted);
    for (unsigned c = 0x21; c < 0x7f; ++c) table[c] |= kFieldText | kTarget | kQuoted;
    for (unsigned c = 0x80; c <= 0xff; ++c) table[c] |= kFieldText | kQuoted;
    table['#'] &= static_cast<std::uint8_t>(~kTarget);
    table['"'] &= static_cast<std::uint8_t>(~kQuoted);
    table['\\'] &= static_cast<std::uint8_t>(~kQuoted);
    return table;
}

inline constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

constexpr bool is(char c, Class wanted) {
    return (kClasses[static_cast<unsigned char>(c)] & wanted) != 0;
}
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// The offset of the first byte in [at, end) that isn't of the class; `end` if all are.
inline std::size_t skip(std::string_view bytes, std::size_t at, std::size_t end, Class wanted) {
    while (at < end && is(bytes[at], wanted)) ++at;
    return at;
}
inline bool all(std::string_view bytes, Class wanted) {
    return skip(bytes, 0, bytes.size(), wanted) == bytes.size();
}

/// As skip(kFieldText), sixteen bytes at a time where the machine can: field values are the bulk of a head.
inline std::size_t skip_field_text(std::string_view bytes, std::size_t at, std::size_t end) {
#if defined(__SSE2__)
    const __m128i last_control = _mm_set1_epi8(0x1f), del = _mm_set1_epi8(0x7f), tab = _mm_set1_epi8('\t');
    for (; end - at >= 16; at += 16) {
        const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + at));
        const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, last_control), block);
        const __m128i refused = _mm_andnot_si128(_mm_cmpeq_epi8(block, tab), control);
        const __m128i stop = _mm_or_si128(refused, _mm_cmpeq_epi8(block, del));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(stop));
        if (mask != 0) return at + static_cast<std::size_t>(std::countr_zero(mask));
    }
#endif
    return skip(bytes, at, end, kFieldText);
}

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// ASCII letters without case; everything else as it is.
constexpr bool equal_no_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

/// 0–15, or -1 where `c` is no hexadecimal digit.
constexpr int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

constexpr std::string_view trim_blanks(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Members of a comma-separated list, without the blanks around them; a member may be empty, and n commas
/// part n + 1 members: `for (ListReader list(value); list.more;) use(list.next());`
struct ListReader {
    std::string_view rest;
    bool more = true;

    explicit ListReader(std::string_view list) : rest(list) {}
    std::string_view next() {
        const std::size_t comma = rest.find(',');
        const std::string_view member = trim_blanks(rest.substr(0, comma));
        more = comma != std::string_view::npos;
        rest = more ? rest.substr(comma + 1) : std::string_view();
        return member;
    }
};

}  // namespace girin::chars
