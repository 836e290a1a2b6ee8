#include "worker/http/field_block.hpp"

#include <algorithm>

#include "worker/http/chars.hpp"

namespace girin {
namespace {

/// Why a name ended where it shouldn't.
const char* name_error(char c) {
    if (chars::is_blank(c)) return "whitespace between a field name and its colon";
    if (c == '\r' || c == '\n') return "field line without a colon";
    return "invalid byte in a field name";
}

const char* value_error(char c) {
    if (c == '\n') return "line that ends without CR";
    return "control character in a field value";
}

}  // namespace

void FieldBlockReader::start(std::size_t begin, const Bounds& bounds) {
    bounds_ = bounds;
    at_ = begin;
    phase_ = Phase::line_begin;
}

FieldBlockReader::Outcome FieldBlockReader::read(std::string_view bytes, std::vector<FieldSlot>& slots) {
    for (;;) {
        switch (phase_) {
            case Phase::line_begin:
                if (!read_line_begin(bytes, slots)) return outcome_;
                if (phase_ == Phase::block_lf) return read_block_lf(bytes);
                [[fallthrough]];
            case Phase::name:
                if (!read_name(bytes)) return outcome_;
                [[fallthrough]];
            case Phase::value_blanks:
                if (!read_value_blanks(bytes)) return outcome_;
                [[fallthrough]];
            case Phase::value:
                if (!read_value(bytes)) return outcome_;
                [[fallthrough]];
            case Phase::line_lf:
                if (!read_line_lf(bytes, slots)) return outcome_;
                break;
            case Phase::block_lf: return read_block_lf(bytes);
        }
    }
}

inline bool FieldBlockReader::fail(int status, const char* reason) {
    error_ = {status, reason};
    outcome_ = Outcome::failed;
    return false;
}

inline bool FieldBlockReader::fail_too_long() {
    const bool line = line_end_max_ < bounds_.block_end;
    return fail(431, line ? "field line too long" : "fields too long together");
}

inline bool FieldBlockReader::wait() {
    outcome_ = Outcome::need_more;
    return false;
}

/// A line of exactly the bound is followed by its CR, which is looked at too.
inline std::size_t FieldBlockReader::scan_end(std::string_view bytes) const {
    return std::min(bytes.size(), line_end_max_ + 1);
}

/// Whether the scan met a byte that ended it, rather than the end of what has arrived or of what is allowed.
/// The bound is checked first, so that the outcome doesn't depend on how the bytes were cut.
inline bool FieldBlockReader::stopped_within(std::string_view bytes) {
    if (at_ > line_end_max_) return fail_too_long();
    return at_ < bytes.size() || wait();
}

inline bool FieldBlockReader::read_line_begin(std::string_view bytes, const std::vector<FieldSlot>& slots) {
    if (at_ == bytes.size()) return wait();
    const char c = bytes[at_];
    if (c == '\r') {
        ++at_;
        phase_ = Phase::block_lf;
        return true;
    }
    if (slots.size() == bounds_.fields) return fail(431, "too many fields");
    if (chars::is_blank(c)) {
        return fail(400, slots.empty() ? "whitespace before the first field" : "folded field line");
    }
    line_begin_ = at_;
    const std::size_t room = bounds_.block_end - std::min(at_, bounds_.block_end);
    line_end_max_ = at_ + std::min(bounds_.line_bytes, room);
    phase_ = Phase::name;
    return true;
}

inline bool FieldBlockReader::read_name(std::string_view bytes) {
    at_ = chars::skip(bytes, at_, scan_end(bytes), chars::kToken);
    if (!stopped_within(bytes)) return false;
    if (bytes[at_] != ':') return fail(400, name_error(bytes[at_]));
    if (at_ == line_begin_) return fail(400, "empty field name");
    slot_.name_begin = static_cast<std::uint32_t>(line_begin_);
    slot_.name_size = static_cast<std::uint32_t>(at_ - line_begin_);
    ++at_;
    phase_ = Phase::value_blanks;
    return true;
}

inline bool FieldBlockReader::read_value_blanks(std::string_view bytes) {
    const std::size_t end = scan_end(bytes);
    while (at_ < end && chars::is_blank(bytes[at_])) ++at_;
    if (!stopped_within(bytes)) return false;
    slot_.value_begin = static_cast<std::uint32_t>(at_);
    phase_ = Phase::value;
    return true;
}

inline bool FieldBlockReader::read_value(std::string_view bytes) {
    at_ = chars::skip_field_text(bytes, at_, scan_end(bytes));
    if (!stopped_within(bytes)) return false;
    if (bytes[at_] != '\r') return fail(400, value_error(bytes[at_]));
    std::size_t end = at_;
    while (end > slot_.value_begin && chars::is_blank(bytes[end - 1])) --end;
    slot_.value_size = static_cast<std::uint32_t>(end - slot_.value_begin);
    ++at_;
    phase_ = Phase::line_lf;
    return true;
}

inline bool FieldBlockReader::read_line_lf(std::string_view bytes, std::vector<FieldSlot>& slots) {
    if (at_ == bytes.size()) return wait();
    if (bytes[at_] != '\n') return fail(400, "CR without LF");
    slots.push_back(slot_);
    ++at_;
    phase_ = Phase::line_begin;
    return true;
}

FieldBlockReader::Outcome FieldBlockReader::read_block_lf(std::string_view bytes) {
    if (at_ == bytes.size()) {
        wait();
    } else if (bytes[at_] != '\n') {
        fail(400, "CR without LF");
    } else if (++at_ > bounds_.block_end) {
        line_end_max_ = bounds_.block_end;
        fail_too_long();
    } else {
        outcome_ = Outcome::done;
    }
    return outcome_;
}

}  // namespace girin
