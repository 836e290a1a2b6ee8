#pragma once

// FieldBlockReader: reads field lines up to and with the empty line that ends them, for heads and for
// trailers. Resumable at every byte: it keeps offsets, so the bytes may move between calls, and no byte is
// looked at twice.

#include <cstddef>
#include <string_view>
#include <vector>

#include "girin/http/fields.hpp"
#include "worker/http/parse_error.hpp"

namespace girin {

class FieldBlockReader {
  public:
    enum class Outcome { need_more, done, failed };

    struct Bounds {
        std::size_t fields = 0;       // more: 431
        std::size_t line_bytes = 0;   // of one line, without its end; more: 431
        std::size_t block_end = 0;    // the offset that the block's end may not go beyond: 431

        Bounds() {}
    };

    /// The first line begins at offset `begin`.
    void start(std::size_t begin, const Bounds& bounds);

    /// Goes on where the last call stopped. `bytes` begins where it began then, and is at least as long.
    /// Complete fields are appended to `slots`, as offsets into `bytes`.
    Outcome read(std::string_view bytes, std::vector<FieldSlot>& slots);

    /// After `done`: the offset behind the empty line.
    std::size_t end() const { return at_; }
    /// After `failed`.
    ParseError error() const { return error_; }

  private:
    enum class Phase { line_begin, name, value_blanks, value, line_lf, block_lf };

    bool read_line_begin(std::string_view bytes, const std::vector<FieldSlot>& slots);
    bool read_name(std::string_view bytes);
    bool read_value_blanks(std::string_view bytes);
    bool read_value(std::string_view bytes);
    bool read_line_lf(std::string_view bytes, std::vector<FieldSlot>& slots);
    Outcome read_block_lf(std::string_view bytes);
    bool stopped_within(std::string_view bytes);
    bool fail(int status, const char* reason);
    bool fail_too_long();
    bool wait();
    std::size_t scan_end(std::string_view bytes) const;

    Bounds bounds_;
    std::size_t at_ = 0;
    std::size_t line_begin_ = 0, line_end_max_ = 0;
    FieldSlot slot_;
    Phase phase_ = Phase::line_begin;
    Outcome outcome_ = Outcome::need_more;
    ParseError error_;
};

}  // namespace girin
