#pragma once

// The values of the fields that decide about framing and the connection, read for requests and for responses
// alike.

#include <cstdint>
#include <string_view>

#include "worker/http/chars.hpp"
#include "worker/http/parse_error.hpp"

namespace girin {

/// 1*DIGIT (RFC 9110 §8.6) within 64 bits. False: anything else, a list of equal values included.
bool parse_content_length(std::string_view value, std::uint64_t& length);

/// The options of all Connection fields (RFC 9110 §7.6.1). Options that nobody here knows are passed over.
struct ConnectionOptions {
    bool close = false, keep_alive = false, upgrade = false;

    void add(std::string_view value);
};

/// The codings of all Transfer-Encoding fields (RFC 9112 §6.1), of which we read "chunked" and nothing else.
class TransferCodings {
  public:
    /// Errors: 400 for what is no list of plain tokens.
    ParseError add(std::string_view value);
    bool any() const { return any_; }
    /// Errors: 400 when the message's end can't be told (chunked isn't last, or stands twice), 501 for other
    /// codings before it.
    ParseError check() const;

  private:
    bool any_ = false;
    bool chunked_seen_ = false;
    bool chunked_last_ = false;
    bool chunked_twice_ = false;
    bool unknown_ = false;
};

/// A field that a trailer section may not carry (RFC 9110 §6.5.1): framing, routing, authentication, request
/// modifiers, and what tells how the content is to be read.
bool is_forbidden_trailer(std::string_view name);

/// A field that belongs to one connection and that an application's answer can't set (RFC 9110 §7.6.1).
bool is_hop_by_hop(std::string_view name);

}  // namespace girin
