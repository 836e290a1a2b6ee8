#pragma once

// BodyDecoder: takes the framing off a request's body, by length or chunked (RFC 9112 §6, §7.1), without
// copying. The trailer section behind the last chunk is not read here (field_block.hpp).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "worker/http/parse_error.hpp"

namespace girin {

class BodyDecoder {
  public:
    enum class Event { need_more, piece, finished, failed };

    struct Step {
        Event event = Event::need_more;
        std::size_t consumed = 0;  // from the front of `bytes`; also with need_more
        std::string_view piece;    // of `bytes`, never empty with Event::piece
    };

    void start_length(std::uint64_t bytes);
    /// `max_line_bytes`: a chunk's size and extensions (400); `max_body_bytes`: all data together (413), 0
    /// for any.
    void start_chunked(std::size_t max_line_bytes, std::uint64_t max_body_bytes);

    /// The caller drops what was consumed, and never feeds those bytes again. `finished`: the data is over;
    /// for chunked the trailer section follows, beginning with the next byte.
    Step next(std::string_view bytes);

    ParseError error() const { return error_; }
    /// How many bytes of data are still to come; none where that can't be known (chunked).
    std::optional<std::uint64_t> left() const;

  private:
    // In the order in which one chunk goes through them.
    enum class Phase {
        size_first, size, blank_before_extension, extension_name, extension_name_rest, extension_name_blank, extension_value,
        extension_token, extension_quoted, extension_escape, extension_after, line_lf, data, data_cr, data_lf, length, over
    };

    Step next_chunked(std::string_view bytes);
    Step take_data(std::string_view bytes, std::size_t consumed);
    bool read_framing(char c);
    bool read_size(char c);
    bool read_extension(char c);
    bool read_after_extension(char c);
    bool begin_data();
    bool go(Phase phase);
    bool fail(int status, const char* reason);

    Phase phase_ = Phase::over;
    std::uint64_t left_ = 0;   // of this chunk, or of the whole body by length
    std::uint64_t total_ = 0;  // announced so far by chunks
    std::uint64_t max_body_ = 0;
    std::size_t line_bytes_ = 0, max_line_ = 0;
    ParseError error_;
};

}  // namespace girin
