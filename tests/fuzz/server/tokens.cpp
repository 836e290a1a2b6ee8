#include "tests/fuzz/server/tokens.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <optional>

namespace girin::test {
namespace {

constexpr std::size_t kSize = 7;

std::optional<std::uint8_t> take_number(std::string_view& text, int base, std::size_t most) {
    std::uint8_t number = 0;
    const std::string_view digits = text.substr(0, most);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    if (parsed.ec != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - digits.data()));
    return number;
}

std::optional<Token> marked(std::string_view text) {
    if (text.size() < kSize || text[6] != '~') return std::nullopt;
    std::string_view first = text.substr(2, 2), second = text.substr(4, 2);
    const auto connection = take_number(first, 16, 2), request = take_number(second, 16, 2);
    if (!connection || !request || !first.empty() || !second.empty()) return std::nullopt;
    Token token;
    token.kind = text[1];
    token.connection = *connection;
    token.request = *request;
    return token;
}

std::optional<Token> address(std::string_view text) {
    text.remove_prefix(3);
    const auto connection = take_number(text, 10, 3);
    if (!connection || !text.starts_with('.')) return std::nullopt;
    text.remove_prefix(1);
    const auto request = take_number(text, 10, 3);
    if (!request || !text.starts_with(".7")) return std::nullopt;
    Token token;
    token.kind = 'x';
    token.connection = *connection;
    token.request = *request;
    return token;
}

}  // namespace

std::string to_text(Token token) {
    char text[24];
    if (token.kind == 'x') {
        std::snprintf(text, sizeof text, "10.%u.%u.7", token.connection, token.request);
    } else {
        std::snprintf(text, sizeof text, "~%c%02x%02x~", token.kind, token.connection, token.request);
    }
    return text;
}

void for_each_token(std::string_view text, const std::function<void(Token)>& found) {
    for (std::size_t at = text.find_first_of("~1"); at != std::string_view::npos;
         at = text.find_first_of("~1", at + 1)) {
        const std::string_view rest = text.substr(at);
        std::optional<Token> token;
        if (rest[0] == '~') token = marked(rest);
        if (rest.starts_with("10.")) token = address(rest);
        if (token) found(*token);
    }
}

std::string without_tokens(std::string_view bytes) {
    std::string clean(bytes);
    for (char& c : clean) {
        if (c == '~') c = '-';
    }
    for (std::size_t at = clean.find("10."); at != std::string::npos; at = clean.find("10.", at)) clean[at] = '2';
    return clean;
}

}  // namespace girin::test
