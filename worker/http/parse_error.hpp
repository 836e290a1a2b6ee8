#pragma once

// ParseError: why a request is refused, and with which status. Always the peer's doing, so it's an answer,
// never a log line of ours.

namespace girin {

struct ParseError {
    int status = 0;            // 400, 413, 414, 417, 431, 501 or 505; 0: no error
    const char* reason = "";   // one short phrase, static

    constexpr ParseError() = default;
    constexpr ParseError(int s, const char* r) : status(s), reason(r) {}
    explicit constexpr operator bool() const { return status != 0; }
};

}  // namespace girin
