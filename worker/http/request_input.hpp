#pragma once

// RequestInput: what has come of the requests of one connection: their bytes, and what the parser makes of them. Pure.
// Not here: receiving, time, and what is done about a request (serving/http1_exchange.hpp).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "girin/http/fields.hpp"
#include "worker/http/input_buffer.hpp"
#include "worker/http/request_parser.hpp"

namespace girin {

/// Requests come one after the other: next_event() up to RequestEvent::head, begin_request(), next_body_event() up to
/// RequestEvent::end. The bytes of a head stay where they are until the next request begins, whatever comes meanwhile:
/// there are two buffers, which change roles where a head comes behind a body.
class RequestInput {
  public:
    static constexpr std::size_t kHeadBufferBytes = 16 * 1024;
    static constexpr std::size_t kBodyBufferBytes = 64 * 1024;
    static constexpr std::size_t kLeastRoom = 2048;  // worth a receive

    /// `limits` outlives it.
    explicit RequestInput(const Limits& limits) : parser_(limits) {}

    // --- bytes

    /// No byte of a request is in hand. Empty lines are none.
    bool is_idle() const { return parser_.between_requests() && buffer().empty(); }
    /// Nor has an empty line been counted, of which only so many may come.
    bool is_untouched() const { return is_idle() && !parser_.has_skipped_lines(); }
    /// Nothing waits for the parser.
    bool is_empty() const { return buffer().empty(); }
    std::span<char> room() { return buffer().room(kLeastRoom); }
    void received(std::size_t count) { buffer().received(count); }
    /// Forgets everything, and what looks into it.
    void clear() {
        head_buffer_.clear();
        body_buffer_.clear();
        in_body_buffer_ = false;
        parser_.reset();
        forget_request();
    }

    // --- requests

    /// The parser's next event, its bytes consumed.
    RequestEvent next_event() {
        const RequestStep step = parser_.next(buffer().unconsumed());
        buffer().consume(step.consumed);
        return step.event;
    }
    ParseError error() const { return parser_.error(); }
    /// As RequestParser::head().
    const RequestHead& head() const { return parser_.head(); }
    /// After RequestEvent::head.
    void begin_request() {
        if (in_body_buffer_) {
            // The head came behind the body of the request before it. It stays where it is; further bytes go to the
            // other buffer.
            head_buffer_.swap(body_buffer_);
            in_body_buffer_ = false;
        }
        body_is_over_ = parser_.skip_empty_body();
    }
    /// What is known of its body; the head is the parser's to forget.
    void forget_request() {
        body_is_over_ = true;
        body_bytes_ = 0;
        trailers_ = {};
    }

    // --- the body

    /// The next piece, end or error of it. After `end` the request's bytes are all consumed.
    RequestEvent next_body_event();
    /// Before more of it is received: the head's bytes, which the application may look at, stay where they are.
    void make_room_for_body();
    std::string_view piece() const { return parser_.body(); }
    bool body_is_over() const { return body_is_over_; }
    /// How many have come, without their framing.
    std::uint64_t body_bytes() const { return body_bytes_; }
    std::optional<std::uint64_t> body_bytes_left() const { return parser_.body_bytes_left(); }
    /// After `end`.
    FieldList trailers() const { return trailers_; }

  private:
    InputBuffer& buffer() { return in_body_buffer_ ? body_buffer_ : head_buffer_; }
    const InputBuffer& buffer() const { return in_body_buffer_ ? body_buffer_ : head_buffer_; }

    InputBuffer head_buffer_{kHeadBufferBytes};
    InputBuffer body_buffer_{kBodyBufferBytes};
    bool in_body_buffer_ = false;
    bool body_is_over_ = true;
    RequestParser parser_;
    std::uint64_t body_bytes_ = 0;
    Fields kept_trailers_;
    FieldList trailers_;
};

}  // namespace girin
