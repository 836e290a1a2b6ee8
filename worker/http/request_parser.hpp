#pragma once

// RequestParser: bytes of an HTTP/1.x connection in, events of its requests out; pure, incremental, strict by
// RFC 9112. Where two readers might disagree about where a request ends, it is an error and the connection
// has to be closed after the answer. Not here: sockets, time, what to answer.

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "worker/http/body_decoder.hpp"
#include "worker/http/field_block.hpp"
#include "worker/http/request_head.hpp"
#include "worker/process/options.hpp"

namespace girin {

enum class RequestEvent {
    need_more,  // everything complete has been told; call again with more bytes
    head,       // head() is complete
    body,       // body() is the next piece
    end,        // the request is over; trailers() are complete; the next call begins the next request
    error,      // error() says why; nothing after this point can be understood, so the connection closes
};

struct RequestStep {
    RequestEvent event = RequestEvent::need_more;
    std::size_t consumed = 0;  // bytes that the caller drops from the front before the next call; with need_more too
};

/// The caller owns the bytes, in one piece: next() is given everything received that no earlier call has
/// consumed. Between calls bytes may be appended, and the whole may move; what was not consumed may not
/// change. The events don't depend on how the bytes were cut. One call yields one event; it takes time linear
/// in the new bytes.
///
/// Every request yields head, body*, end; one without a body yields end at once, also when next() is given no
/// bytes.
///
/// Memory: one table of fields, which grows to the largest head seen and is then reused; none while no
/// request has come.
class RequestParser {
  public:
    /// `limits` outlives the parser.
    explicit RequestParser(const Limits& limits) : limits_(limits) {}
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    RequestStep next(std::string_view bytes);
    /// After `head`: true if no body follows at all. Then the request is over, as if next() had told `end`.
    bool skip_empty_body() {
        const bool is_empty = stage_ == Stage::empty_body;
        if (is_empty) stage_ = Stage::over;
        return is_empty;
    }

    /// From `head` to the call of next() that begins to look for another request: views of the bytes given to the
    /// call that returned `head`. A caller who moves or drops those bytes while it still needs the head copies
    /// head().bytes and says where to with head_moved_to(). After an `error` or a `need_more` within a head: method,
    /// raw_target and version if the request line was understood, else as new; nothing more. Never anything of the
    /// request before. An error in a body leaves it as it was.
    const RequestHead& head() const { return head_; }
    void head_moved_to(const char* begin) { head_.moved_to(begin); }

    /// After `body`: a view of the bytes of that call, decoded, never empty.
    std::string_view body() const { return body_piece_; }
    /// After `end`: views of the bytes of that call. Fields that trailers may not carry have been left out
    /// (RFC 9110 §6.5.1).
    FieldList trailers() const { return trailers_; }
    ParseError error() const { return error_; }

    /// No byte of a request has been taken in: the connection is idle and may be closed without harm.
    bool between_requests() const { return stage_ == Stage::empty_lines || stage_ == Stage::over; }
    /// Empty lines that were skipped since the last request, or since reset(): they are counted over all calls.
    bool has_skipped_lines() const { return empty_lines_ > 0; }
    /// Bytes of body still to come, where the length was announced; none for chunked. 0 outside of a body.
    std::optional<std::uint64_t> body_bytes_left() const;

    /// As new, with the memory kept: for the next connection. To be called whenever the bytes go, which every view
    /// that is kept here looks into.
    void reset();

  private:
    // In `empty_lines` nothing is known of any request; `over` is the same, but that the last one may still be asked for.
    enum class Stage { empty_lines, method, target, version, fields, body, empty_body, trailers, over, failed };

    [[gnu::noinline]] bool take_plain_head(std::string_view bytes);  // inlined, it has too few registers: +15 %
    RequestStep next_head(std::string_view bytes);
    bool skip_empty_lines(std::string_view bytes, std::size_t& skipped);
    void forget_request();
    void begin_request();
    bool read_request_line(std::string_view bytes);
    bool read_method(std::string_view bytes);
    bool read_target(std::string_view bytes);
    bool read_version(std::string_view bytes);
    ParseError view_request_line(std::string_view bytes);
    void start_fields();
    bool read_fields(std::string_view bytes);
    bool complete_head(std::string_view bytes);
    void replace_host_field(std::string_view bytes);
    bool accept_head();
    void start_body();
    RequestStep next_body(std::string_view bytes);
    RequestStep next_trailers(std::string_view bytes, std::size_t consumed);
    RequestStep end_request(std::size_t consumed);
    RequestStep finish_trailers(std::string_view bytes, std::size_t consumed);
    bool fail(ParseError error);
    RequestStep failed() const { return {RequestEvent::error, 0}; }
    std::size_t line_end_max() const;

    static constexpr std::size_t kOffsetMax = std::size_t{1} << 31;  // offsets into a head fit 32 bits

    const Limits& limits_;
    Stage stage_ = Stage::empty_lines;
    std::size_t at_ = 0;  // scanned so far, from the request line's begin
    std::size_t target_begin_ = 0, raw_target_size_ = 0;
    std::size_t empty_lines_ = 0;
    FieldBlockReader block_;
    BodyDecoder decoder_;
    std::vector<FieldSlot> slots_, trailer_slots_;
    RequestHead head_;
    std::string_view body_piece_;
    FieldList trailers_;
    ParseError error_;
};

}  // namespace girin
