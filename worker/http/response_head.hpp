#pragma once

// The head of an answer: how its body is framed (RFC 9112 §6), which fields the server adds and which of the
// application's it keeps, written behind a caller's bytes. Pieces of a chunked body are chunk_writer.hpp's.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "girin/base/error.hpp"
#include "girin/http/fields.hpp"
#include "worker/http/request_head.hpp"

namespace girin {

/// What the application answers. Views are borrowed for the call.
struct ResponseHead {
    int status = 200;
    FieldList fields;
    /// Bytes of the whole body where it is known before the head is written; else the body is streamed.
    std::optional<std::uint64_t> body_bytes;
    /// Added where `fields` has none; empty: none. For the usual answer, which then needs no field table.
    std::string_view content_type;

    ResponseHead() {}
};

/// What the request and the connection say about the answer.
struct ResponseContext {
    HttpVersion version = HttpVersion::http_1_1;  // of the request
    bool head_method = false;                     // the request was HEAD
    bool keep_alive = true;                       // client and server would both keep the connection
    std::string_view server;                      // value of Server; empty: none
    std::string_view date;                        // value of Date (DateCache)

    ResponseContext() {}
};

enum class ResponseFraming {
    none,            // nothing may follow the head
    content_length,  // exactly `content_length` bytes follow
    chunked,         // chunk_writer.hpp
    until_close,     // the end of the connection ends the body
};

/// What the head that was written promises.
struct ResponsePlan {
    ResponseFraming framing = ResponseFraming::none;
    std::uint64_t content_length = 0;
    bool keep_alive = false;  // false: close after the answer

    ResponsePlan() {}
};

/// Appends the status line and all fields with the empty line.
///
/// The application's Content-Length is taken as its announcement (a streamed body is then framed by it).
/// Connection, Keep-Alive, Transfer-Encoding, TE, Proxy-Connection and Upgrade are dropped; "Connection:
/// close" among them closes; Upgrade stays with 101 and 426. Server and Date of the application replace the
/// server's.
///
/// HEAD and 304 get the Content-Length that is known, and no body; 1xx and 204 neither. Interim answers
/// (100–199 but 101) carry the application's fields alone.
///
/// Errors: a status outside 100–599, a bad field name or value, two lengths or an invalid one, a length that
/// isn't `body_bytes`, an interim answer but to HTTP/1.1. `out` is then as it was.
Result<ResponsePlan> append_response_head(std::string& out, const ResponseHead& head, const ResponseContext& context);

/// "HTTP/1.1 100 Continue" and its empty line.
inline constexpr std::string_view kContinueHead = "HTTP/1.1 100 Continue\r\n\r\n";

/// A whole answer of the server's own, for a request that it refuses: text/plain, "<status> <phrase>" and
/// `detail` on a second line if not empty. `detail` may be anything; bytes that are not printable ASCII
/// become "?".
ResponsePlan append_plain_answer(std::string& out, int status, std::string_view detail,
                                 const ResponseContext& context);

}  // namespace girin
