#include "worker/http/body_decoder.hpp"

#include <algorithm>

#include "worker/http/chars.hpp"

namespace girin {

void BodyDecoder::start_length(std::uint64_t bytes) {
    left_ = bytes;
    phase_ = Phase::length;
}

void BodyDecoder::start_chunked(std::size_t max_line_bytes, std::uint64_t max_body_bytes) {
    left_ = total_ = 0;
    line_bytes_ = 0;
    max_line_ = max_line_bytes;
    max_body_ = max_body_bytes;
    phase_ = Phase::size_first;
}

std::optional<std::uint64_t> BodyDecoder::left() const {
    if (phase_ == Phase::over) return 0;
    return phase_ == Phase::length ? std::optional(left_) : std::nullopt;
}

BodyDecoder::Step BodyDecoder::next(std::string_view bytes) {
    if (phase_ == Phase::over) return {Event::finished, 0, {}};
    if (phase_ != Phase::length) return next_chunked(bytes);
    if (left_ > 0) return take_data(bytes, 0);
    phase_ = Phase::over;
    return {Event::finished, 0, {}};
}

BodyDecoder::Step BodyDecoder::take_data(std::string_view bytes, std::size_t consumed) {
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - consumed));
    if (size == 0) return {Event::need_more, consumed, {}};
    left_ -= size;
    if (left_ == 0 && phase_ == Phase::data) phase_ = Phase::data_cr;
    return {Event::piece, consumed + size, bytes.substr(consumed, size)};
}

BodyDecoder::Step BodyDecoder::next_chunked(std::string_view bytes) {
    for (std::size_t at = 0;; ++at) {
        if (phase_ == Phase::data) return take_data(bytes, at);
        if (phase_ == Phase::over) return {Event::finished, at, {}};
        if (at == bytes.size()) return {Event::need_more, at, {}};
        if (!read_framing(bytes[at])) return {Event::failed, at, {}};
    }
}

bool BodyDecoder::go(Phase phase) {
    phase_ = phase;
    return true;
}

bool BodyDecoder::fail(int status, const char* reason) {
    error_ = {status, reason};
    return false;
}

/// One byte that is not data.
bool BodyDecoder::read_framing(char c) {
    switch (phase_) {
        case Phase::line_lf: return c == '\n' ? begin_data() : fail(400, "CR without LF in a chunk line");
        case Phase::data_cr: return c == '\r' ? go(Phase::data_lf) : fail(400, "chunk longer than its size");
        case Phase::data_lf:
            line_bytes_ = 0;
            return c == '\n' ? go(Phase::size_first) : fail(400, "CR without LF after a chunk");
        default: break;
    }
    if (c != '\r' && ++line_bytes_ > max_line_) return fail(400, "chunk line too long");
    return phase_ <= Phase::size ? read_size(c) : read_extension(c);
}

bool BodyDecoder::read_size(char c) {
    const int digit = chars::hex_value(c);
    if (digit >= 0) {
        if (left_ >> 60 != 0) return fail(400, "chunk size too large");
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        return go(Phase::size);
    }
    return phase_ == Phase::size_first ? fail(400, "invalid chunk size") : read_after_extension(c);
}

bool BodyDecoder::read_extension(char c) {
    constexpr const char* kInvalid = "invalid chunk extension";
    const bool token = chars::is(c, chars::kToken);
    switch (phase_) {
        case Phase::extension_name:
            if (chars::is_blank(c)) return true;
            return token ? go(Phase::extension_name_rest) : fail(400, kInvalid);
        case Phase::extension_name_rest:
            if (token) return true;
            if (chars::is_blank(c)) return go(Phase::extension_name_blank);
            return c == '=' ? go(Phase::extension_value) : read_after_extension(c);
        case Phase::extension_name_blank:
            if (chars::is_blank(c)) return true;
            if (c == '=') return go(Phase::extension_value);
            return c == ';' ? go(Phase::extension_name) : fail(400, kInvalid);
        case Phase::blank_before_extension:
            if (chars::is_blank(c)) return true;
            return c == ';' ? go(Phase::extension_name) : fail(400, kInvalid);
        case Phase::extension_value:
            if (chars::is_blank(c)) return true;
            if (c == '"') return go(Phase::extension_quoted);
            return token ? go(Phase::extension_token) : fail(400, kInvalid);
        case Phase::extension_token: return token || read_after_extension(c);
        case Phase::extension_quoted:
            if (c == '"') return go(Phase::extension_after);
            if (c == '\\') return go(Phase::extension_escape);
            return chars::is(c, chars::kQuoted) || fail(400, kInvalid);
        case Phase::extension_escape:
            return chars::is(c, chars::kFieldText) ? go(Phase::extension_quoted) : fail(400, kInvalid);
        default: return read_after_extension(c);
    }
}

/// After a size, or after a whole extension. Blanks may stand around ";" and "=", and must be read (RFC 9112 §7.1.1); where
/// no extension follows they belong to nothing, and readers differ on them.
bool BodyDecoder::read_after_extension(char c) {
    if (c == ';') return go(Phase::extension_name);
    if (chars::is_blank(c)) return go(Phase::blank_before_extension);
    if (c == '\r') return go(Phase::line_lf);
    return fail(400, phase_ == Phase::size ? "invalid chunk size" : "invalid chunk extension");
}

bool BodyDecoder::begin_data() {
    if (left_ == 0) return go(Phase::over);
    if (max_body_ != 0 && left_ > max_body_ - total_) return fail(413, "body too large");
    total_ += left_;
    return go(Phase::data);
}

}  // namespace girin
