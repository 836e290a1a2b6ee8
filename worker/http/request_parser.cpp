#include "worker/http/request_parser.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "worker/http/chars.hpp"
#include "worker/http/field_values.hpp"

namespace girin {
namespace {

constexpr std::size_t kMethodBytes = 32;  // RFC 9112 §3: a longer one than any we could know is 501
constexpr std::size_t kVersionBytes = 8;
constexpr std::size_t kUsualFields = 16;

const char* target_error(char c) {
    if (c == '\r') return "request line without a version";
    if (c == '\n') return "line that ends without CR";
    if (c == '#') return "fragment in the target";
    return "invalid byte in the target";
}

/// How a version that begins with `text` (at most "HTTP/x.y" and its line end) is judged.
enum class VersionFit { good, prefix, bad };

VersionFit fit_version(std::string_view text) {
    constexpr std::string_view kPattern = "HTTP/0.0\r\n";  // "0" stands for any digit
    const std::size_t size = std::min(text.size(), kPattern.size());
    for (std::size_t i = 0; i < size; ++i) {
        const bool fits = kPattern[i] == '0' ? chars::is(text[i], chars::kDigit) : text[i] == kPattern[i];
        if (!fits) return VersionFit::bad;
    }
    return size == kPattern.size() ? VersionFit::good : VersionFit::prefix;
}

}  // namespace

RequestStep RequestParser::next(std::string_view bytes) {
    switch (stage_) {
        case Stage::over: forget_request(); [[fallthrough]];
        case Stage::empty_lines:
            if (take_plain_head(bytes)) return {RequestEvent::head, head_.bytes.size()};
            return stage_ == Stage::failed ? failed() : next_head(bytes);
        case Stage::failed: return failed();
        case Stage::empty_body: return end_request(0);
        case Stage::body: return next_body(bytes);
        case Stage::trailers: return next_trailers(bytes, 0);
        default: return next_head(bytes);
    }
}

RequestStep RequestParser::next_head(std::string_view bytes) {
    std::size_t skipped = 0;
    if (stage_ == Stage::empty_lines) {
        if (!skip_empty_lines(bytes, skipped)) {
            return stage_ == Stage::failed ? failed() : RequestStep{RequestEvent::need_more, skipped};
        }
        bytes.remove_prefix(skipped);
    }
    const bool complete = (stage_ == Stage::fields || read_request_line(bytes)) && read_fields(bytes);
    if (complete) return {RequestEvent::head, skipped + block_.end()};
    return stage_ == Stage::failed ? failed() : RequestStep{RequestEvent::need_more, skipped};
}

bool RequestParser::fail(ParseError error) {
    error_ = error;
    stage_ = Stage::failed;
    return false;
}

/// True: a request line begins at bytes[skipped].
bool RequestParser::skip_empty_lines(std::string_view bytes, std::size_t& skipped) {
    while (bytes.size() > skipped && bytes[skipped] == '\r') {
        if (empty_lines_ == limits_.leading_empty_lines) return fail({400, "too many empty lines before a request"});
        if (bytes.size() == skipped + 1) return false;
        if (bytes[skipped + 1] != '\n') return fail({400, "CR without LF"});
        skipped += 2;
        ++empty_lines_;
    }
    if (bytes.size() == skipped) return false;
    begin_request();
    return true;
}

/// The one place where a request's views end: whatever is asked of the parser from here on, also by who refuses what
/// never becomes a request, isn't answered with the one before.
void RequestParser::forget_request() {
    stage_ = Stage::empty_lines;
    std::construct_at(&head_);  // in place: an assignment makes a second one first
    body_piece_ = {};
    trailers_ = {};
    error_ = ParseError();
}

void RequestParser::begin_request() {
    slots_.clear();
    if (slots_.capacity() == 0) slots_.reserve(kUsualFields);
    at_ = 0;
    empty_lines_ = 0;
    stage_ = Stage::method;
}

std::size_t RequestParser::line_end_max() const {
    return std::min({limits_.request_line_bytes, limits_.request_head_bytes, kOffsetMax});
}

bool RequestParser::read_request_line(std::string_view bytes) {
    if (stage_ == Stage::method && !read_method(bytes)) return false;
    if (stage_ == Stage::target && !read_target(bytes)) return false;
    return read_version(bytes);
}

bool RequestParser::read_method(std::string_view bytes) {
    const std::size_t end = std::min(bytes.size(), kMethodBytes + 1);
    at_ = chars::skip(bytes, at_, end, chars::kToken);
    if (at_ > kMethodBytes) return fail({501, "method too long"});
    if (at_ == bytes.size()) return false;
    if (bytes[at_] != ' ' || at_ == 0) {
        return fail({400, bytes[at_] == '\n' ? "line that ends without CR" : "invalid method"});
    }
    target_begin_ = ++at_;
    stage_ = Stage::target;
    return true;
}

bool RequestParser::read_target(std::string_view bytes) {
    const std::size_t max = line_end_max();
    at_ = chars::skip(bytes, at_, std::min(bytes.size(), max + 1), chars::kTarget);
    if (at_ > max) return fail({414, "request line too long"});
    if (at_ == bytes.size()) return false;
    if (bytes[at_] != ' ') return fail({400, target_error(bytes[at_])});
    if (at_ == target_begin_) return fail({400, "empty target"});
    ++at_;
    stage_ = Stage::version;
    return true;
}

bool RequestParser::read_version(std::string_view bytes) {
    if (at_ + kVersionBytes > line_end_max()) return fail({414, "request line too long"});
    const std::string_view text = bytes.substr(at_);
    const VersionFit fit = fit_version(text);
    if (fit == VersionFit::bad) return fail({400, "invalid version in the request line"});
    if (fit == VersionFit::prefix) return false;
    raw_target_size_ = at_ - 1 - target_begin_;
    if (text[5] != '1') return fail({505, "HTTP version not supported"});
    // A later 1.x is understood as the latest that we know (RFC 9110 §2.5).
    head_.version = text[7] == '0' ? HttpVersion::http_1_0 : HttpVersion::http_1_1;
    if (ParseError error = view_request_line(bytes)) return fail(error);
    start_fields();
    return true;
}

ParseError RequestParser::view_request_line(std::string_view bytes) {
    head_.method = bytes.substr(0, target_begin_ - 1);
    head_.raw_target = bytes.substr(target_begin_, raw_target_size_);
    return split_target(head_.method, head_.raw_target, head_.target);
}

void RequestParser::start_fields() {
    FieldBlockReader::Bounds bounds;
    bounds.fields = limits_.request_fields;
    bounds.line_bytes = limits_.request_field_bytes;
    bounds.block_end = std::min(limits_.request_head_bytes, kOffsetMax);
    block_.start(at_ + kVersionBytes + 2, bounds);
    stage_ = Stage::fields;
}

bool RequestParser::read_fields(std::string_view bytes) {
    // The bytes may have moved since the line was read; it has passed once, so it passes again.
    if (head_.method.data() != bytes.data()) view_request_line(bytes);
    switch (block_.read(bytes, slots_)) {
        case FieldBlockReader::Outcome::need_more: return false;
        case FieldBlockReader::Outcome::failed: return fail(block_.error());
        case FieldBlockReader::Outcome::done: break;
    }
    return complete_head(bytes);
}

bool RequestParser::complete_head(std::string_view bytes) {
    head_.bytes = bytes.substr(0, block_.end());
    head_.fields = FieldList(bytes.data(), slots_);
    if (ParseError error = decide(head_.version, head_.fields, head_)) return fail(error);
    head_.choose_host();
    if (head_.target.form == TargetForm::absolute) replace_host_field(bytes);
    return accept_head();
}

/// The target's authority stands for Host, whoever looks at the fields (RFC 9112 §3.2.2): two readers of one request must not
/// take it for two hosts.
void RequestParser::replace_host_field(std::string_view bytes) {
    const std::string_view authority = head_.target.authority;
    for (FieldSlot& slot : slots_) {
        if (!chars::equal_no_case(bytes.substr(slot.name_begin, slot.name_size), "host")) continue;
        slot.value_begin = static_cast<std::uint32_t>(authority.data() - bytes.data());
        slot.value_size = static_cast<std::uint32_t>(authority.size());
    }
}

/// The head is understood; its body begins, unless it is too large.
bool RequestParser::accept_head() {
    const bool too_large = limits_.request_body_bytes != 0 && head_.content_length > limits_.request_body_bytes;
    if (too_large) return fail({413, "body too large"});
    start_body();
    return true;
}

void RequestParser::start_body() {
    stage_ = Stage::body;
    if (head_.framing == BodyFraming::chunked) {
        decoder_.start_chunked(limits_.chunk_line_bytes, limits_.request_body_bytes);
    } else if (head_.content_length > 0) {
        decoder_.start_length(head_.content_length);
    } else {
        stage_ = Stage::empty_body;
    }
}

RequestStep RequestParser::next_body(std::string_view bytes) {
    const BodyDecoder::Step step = decoder_.next(bytes);
    switch (step.event) {
        case BodyDecoder::Event::need_more: return {RequestEvent::need_more, step.consumed};
        case BodyDecoder::Event::piece: body_piece_ = step.piece; return {RequestEvent::body, step.consumed};
        case BodyDecoder::Event::failed: fail(decoder_.error()); return failed();
        case BodyDecoder::Event::finished: break;
    }
    if (head_.framing != BodyFraming::chunked) return end_request(step.consumed);
    FieldBlockReader::Bounds bounds;
    bounds.fields = limits_.request_fields;
    bounds.line_bytes = limits_.request_field_bytes;
    bounds.block_end = std::min(limits_.trailer_bytes, kOffsetMax);
    block_.start(0, bounds);
    trailer_slots_.clear();
    stage_ = Stage::trailers;
    return next_trailers(bytes.substr(step.consumed), step.consumed);
}

RequestStep RequestParser::next_trailers(std::string_view bytes, std::size_t consumed) {
    switch (block_.read(bytes, trailer_slots_)) {
        case FieldBlockReader::Outcome::need_more: return {RequestEvent::need_more, consumed};
        case FieldBlockReader::Outcome::failed: fail(block_.error()); return failed();
        case FieldBlockReader::Outcome::done: break;
    }
    return finish_trailers(bytes, consumed);
}

RequestStep RequestParser::finish_trailers(std::string_view bytes, std::size_t consumed) {
    std::erase_if(trailer_slots_, [bytes](const FieldSlot& slot) {
        return is_forbidden_trailer(bytes.substr(slot.name_begin, slot.name_size));
    });
    trailers_ = FieldList(bytes.data(), trailer_slots_);
    return end_request(consumed + block_.end());
}

RequestStep RequestParser::end_request(std::size_t consumed) {
    stage_ = Stage::over;
    return {RequestEvent::end, consumed};
}

std::optional<std::uint64_t> RequestParser::body_bytes_left() const {
    if (stage_ == Stage::trailers) return std::nullopt;
    return stage_ == Stage::body ? decoder_.left() : std::optional<std::uint64_t>(0);
}

void RequestParser::reset() {
    if (stage_ != Stage::empty_lines) forget_request();
    empty_lines_ = 0;
}

}  // namespace girin
