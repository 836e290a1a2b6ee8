#include "loop/base/escape.hpp"

#include <algorithm>
#include <cstdint>

namespace girin {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool is_plain(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\';
}

/// Of a well-formed character.
std::uint32_t code_point(std::string_view character) {
    const auto byte = [character](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    if (character.size() == 1) return byte(0);
    std::uint32_t point = byte(0) & (0x7fU >> character.size());
    for (std::size_t i = 1; i < character.size(); ++i) point = point << 6 | (byte(i) & 0x3fU);
    return point;
}

/// Controls, and what a screen takes for a line's end or for an order to turn text around.
bool misleads(std::uint32_t point) {
    if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return true;
    if (point == 0x200e || point == 0x200f) return true;   // marks of direction
    if (point >= 0x2028 && point <= 0x202e) return true;   // separators, embeddings and overrides
    return point >= 0x2066 && point <= 0x2069;             // isolates
}

void append_bytes(std::string& out, std::string_view bytes) {
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    }
}

void append_code(std::string& out, std::uint32_t point) {
    out.append("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) out.append(1, kHex[point >> shift & 15]);
}

void append_special(std::string& out, std::string_view character, Escape place) {
    const std::uint32_t point = code_point(character);
    if (point == '\\' || (point == '"' && place != Escape::bare)) {
        out.append(1, '\\').append(character);
    } else if (point == '\n') {
        out.append("\\n");
    } else if (!misleads(point)) {
        out.append(character);
    } else if (place == Escape::json) {
        append_code(out, point);
    } else {
        append_bytes(out, character);
    }
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
    const bool surrogate = lead == 0xed && byte(1) > 0x9f;
    const bool beyond = lead == 0xf4 && byte(1) > 0x8f;
    return overlong || surrogate || beyond ? 0 : length;
}

void append_escaped(std::string& out, std::string_view text, Escape place) {
    while (!text.empty()) {
        const auto special = std::find_if_not(text.begin(), text.end(), is_plain);
        const auto plain = static_cast<std::size_t>(special - text.begin());
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) return;
        const std::size_t length = utf8_length(text);
        if (length != 0) {
            append_special(out, text.substr(0, length), place);
        } else if (place == Escape::json) {
            out.append(kReplacement);
        } else {
            append_bytes(out, text.substr(0, 1));
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
}

std::string to_utf8(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        out.append(length == 0 ? kReplacement : text.substr(0, length));
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

}  // namespace girin
