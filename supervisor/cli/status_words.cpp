#include "supervisor/cli/status_words.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "loop/base/escape.hpp"

namespace girin {
namespace {

namespace json = boost::json;

template <class... Args>
std::string print(const char* format, Args... args) {
    std::array<char, 64> buffer{};
    std::snprintf(buffer.data(), buffer.size(), format, args...);
    return buffer.data();
}

}  // namespace

const json::value& member(const json::object& object, std::string_view key) {
    static const json::value kNothing;
    const json::value* const found = object.if_contains(key);
    return found ? *found : kNothing;
}

json::object object_member(const json::object& object, std::string_view key) {
    const json::value& value = member(object, key);
    return value.is_object() ? value.get_object() : json::object();
}

double to_number(const json::value& value) {
    boost::system::error_code error;
    const double found = value.is_number() ? value.to_number<double>(error) : 0;
    return error ? 0 : found;
}

std::string to_words(const json::value& value) {
    std::string text = value.is_string() ? std::string(value.get_string()) : "";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
        const bool is_second_set = byte == 0xC2 && next >= 0x80 && next < 0xA0;  // U+0080 to U+009F
        if (byte == '\n' || byte == '\t') text[i] = ' ';
        else if (byte < 0x20 || byte == 0x7F) text[i] = '?';
        if (is_second_set) text.replace(i, 2, "?");
    }
    return text;
}

std::string to_lines(std::string_view text) {
    std::string lines;
    while (true) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        append_escaped(lines, text.substr(0, end), Escape::bare);
        if (end == text.size()) return lines;
        lines += '\n';
        text.remove_prefix(end + 1);
    }
}

std::string whole_words(const json::value& value) { return value.is_null() ? "-" : print("%.0f", to_number(value)); }
std::string tenths_words(const json::value& value) { return value.is_null() ? "-" : print("%.1f", to_number(value)); }

std::string age_words(double seconds) {
    if (seconds < 100) return print("%.0f s", seconds);
    if (seconds < 100 * 60) return print("%.0f min", seconds / 60);
    if (seconds < 48 * 3600) return print("%.0f h", seconds / 3600);
    return print("%.0f d", seconds / 86400);
}

std::string ago_words(const json::value& at_ms) {
    const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    return age_words(std::max(0.0, now - to_number(at_ms) / 1000)) + " ago";
}

std::string memory_words(const json::value& bytes) {
    return bytes.is_null() ? "-" : print("%.1fM", to_number(bytes) / (1024 * 1024));
}


std::string lag_words(const json::value& seconds) {
    if (seconds.is_null()) return "-";
    const double lag = to_number(seconds);
    return lag < 1 ? print("%.0f ms", lag * 1000) : print(lag < 10 ? "%.1f s" : "%.0f s", lag);
}

std::string latency_words(const json::value& seconds) {
    if (!seconds.is_number()) return "-";
    const double latency = to_number(seconds);
    return latency < 0.01 ? print("%.1f ms", latency * 1000) : lag_words(seconds);
}

std::string percent_words(const json::value& share) {
    return share.is_null() ? "-" : print("%.0f%%", to_number(share) * 100);
}

}  // namespace girin
