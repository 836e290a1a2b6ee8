#pragma once

// The authority of a request: "host[:port]", as in a Host field, an absolute target or CONNECT. No name is
// looked up here.

#include <string_view>

namespace girin {

struct Host {
    std::string_view name;  // with the brackets of an IPv6 literal
    std::string_view port;  // digits; empty where none is given
};

/// Splits and checks. False: empty, userinfo, blanks, a bad byte, a bad IPv6 literal, a port that isn't
/// 0–65535. "name:" is allowed (RFC 3986 §3.2.3: an empty port is the default one); a comma is not, though
/// reg-name would take it: it is what two merged Host fields look like.
bool parse_host(std::string_view text, Host& host);

inline bool is_host(std::string_view text) {
    Host ignored;
    return parse_host(text, ignored);
}

}  // namespace girin
