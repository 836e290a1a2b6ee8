#pragma once

// Tokens: what a client marks its request with, another one in each field. Wherever one turns up, it says on which
// connection and with which request it was sent, and in which field.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace girin::test {

struct Token {
    // t target, q query, h host, r referer, u user agent, k field of its own, a authorization, b body, z trailer,
    // x forwarded address
    char kind = 't';
    std::uint8_t connection = 0;
    std::uint8_t request = 0;

    std::uint32_t key() const {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(kind)) << 16 | connection << 8 | request;
    }
};

/// "~t0102~"; of kind x an address, "10.1.2.7".
std::string to_text(Token token);
/// Every whole token in `text`.
void for_each_token(std::string_view text, const std::function<void(Token)>& found);
/// The same bytes without anything that looks like one.
std::string without_tokens(std::string_view bytes);

}  // namespace girin::test
