#include "query.hpp"

#include <charconv>

namespace notes {
namespace {

/// The byte that two hexadecimal digits tell.
std::optional<char> byte_of(std::string_view digits) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
    return static_cast<char>(value);
}

std::string decoded(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = text[at] == '%' ? byte_of(text.substr(at + 1, 2)) : std::nullopt;
        if (byte) at += 2;
        plain += byte ? *byte : text[at] == '+' ? ' ' : text[at];
    }
    return plain;
}

}  // namespace

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
        const std::size_t equals = pair.find('=');
        if (decoded(pair.substr(0, equals)) != name) continue;
        return equals == std::string_view::npos ? std::string() : decoded(pair.substr(equals + 1));
    }
    return std::nullopt;
}

std::optional<std::int64_t> parse_id(std::string_view text) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size() || id < 0) return std::nullopt;
    return id;
}

}  // namespace notes
