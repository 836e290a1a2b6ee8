#pragma once

// RequestHead: what a request's line and fields say, as views of the bytes they came in, with the decisions
// that follow from them (RFC 9112 §3, §6.3, §9.3). Reading bytes is request_parser.hpp's.

#include <cstdint>
#include <string_view>

#include "girin/http/fields.hpp"
#include "worker/http/parse_error.hpp"
#include "worker/http/target.hpp"

namespace girin {

enum class HttpVersion { http_1_0, http_1_1 };

enum class BodyFraming {
    none,            // no body: neither a length nor chunked
    content_length,  // may be 0 bytes
    chunked,
};

/// What the fields decide together.
struct HeadDecisions {
    BodyFraming framing = BodyFraming::none;
    std::uint64_t content_length = 0;
    bool keep_alive = false;       // the client lets the connection be used again
    bool expect_continue = false;  // it waits for 100 before it sends its body
    bool upgrade = false;          // "Connection: upgrade" with an Upgrade field; which one is in the fields
    std::string_view host;         // the Host field; empty where there is none (HTTP/1.0)
};

/// Plain views, valid as long as the bytes stay where they are; see moved_to().
struct RequestHead : HeadDecisions {
    std::string_view bytes;       // from the request line to the empty line, both included
    std::string_view method;      // as received: methods are case-sensitive
    std::string_view raw_target;  // as received
    Target target;                // the same, split and checked
    HttpVersion version = HttpVersion::http_1_1;
    FieldList fields;             // in order, as spelt; Host, and `host`, are the target's authority where it has one

    /// The caller has moved (or copied) `bytes` to `begin`: all views follow.
    void moved_to(const char* begin);
    /// The target's authority wins over Host (RFC 9112 §3.2.2).
    void choose_host();
};

/// Reads Host, Content-Length, Transfer-Encoding, Connection, Expect and Upgrade. Errors: 400, 417, 501;
/// whatever two readers might understand in two ways is one.
ParseError decide(HttpVersion version, FieldList fields, HeadDecisions& decisions);

}  // namespace girin
