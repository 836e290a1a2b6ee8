#include "tests/worker/http/request_transcript.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "girin/base/check.hpp"
#include "worker/http/request_parser.hpp"

namespace girin::test {
namespace {

bool lies_within(std::string_view part, std::string_view whole) {
    return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

bool is_same(const Target& a, const Target& b) {
    return a.form == b.form && a.scheme == b.scheme && a.authority == b.authority && a.path == b.path &&
           a.query == b.query && a.has_query == b.has_query && a.encoded == b.encoded;
}

class Transcriber {
  public:
    explicit Transcriber(const Limits& limits) : parser_(limits) {}

    void feed(std::string_view piece);
    std::string finish();

  private:
    RequestEvent step();
    void check_unfinished_head(std::string_view given) const;
    void tell_head(std::string_view given);
    void tell_fields(const char* label, FieldList fields, std::string_view given);
    void tell_body();
    void tell_error();
    void line(std::string_view label, std::string_view value) {
        text_.append(label).append(value.empty() ? "" : " ").append(escape(value)).append("\n");
    }

    RequestParser parser_;
    std::string waiting_;  // received and not consumed
    std::string body_, text_;
    bool in_body_ = false;
    bool failed_ = false;
};

void Transcriber::feed(std::string_view piece) {
    waiting_.append(piece);
    while (!failed_ && step() != RequestEvent::need_more) {
    }
}

RequestEvent Transcriber::step() {
    // No terminating NUL and no spare capacity: one byte too far is out of bounds.
    const std::unique_ptr<char[]> block(new char[waiting_.size()]);
    waiting_.copy(block.get(), waiting_.size());
    const std::string_view given(block.get(), waiting_.size());
    const RequestStep step = parser_.next(given);
    GIRIN_CHECK(step.consumed <= given.size(), "consumed no more than was given");
    if (!in_body_ && step.event != RequestEvent::head) check_unfinished_head(given);
    switch (step.event) {
        case RequestEvent::need_more: break;
        case RequestEvent::head:
            in_body_ = true;
            tell_head(given);
            break;
        case RequestEvent::body:
            GIRIN_CHECK(lies_within(parser_.body(), given) && !parser_.body().empty(), "a piece of what was given");
            body_.append(parser_.body());
            break;
        case RequestEvent::end:
            in_body_ = false;
            tell_body();
            tell_fields("trailer", parser_.trailers(), given);
            text_.append("end\n");
            break;
        case RequestEvent::error: tell_error(); break;
    }
    waiting_.erase(0, step.consumed);
    return step.event;
}

// FAULTS 1: a head that isn't complete, or never will be, is nothing, or what stands in these bytes.
void Transcriber::check_unfinished_head(std::string_view given) const {
    const RequestHead& head = parser_.head();
    const Target& target = head.target;
    const bool is_named_path = target.form == TargetForm::absolute && target.path == "/";  // where the target has none
    for (const std::string_view part : {head.method, head.raw_target, head.bytes, head.host, target.query}) {
        GIRIN_CHECK(part.empty() || lies_within(part, given), "no view of an earlier request");
    }
    GIRIN_CHECK(target.path.empty() || is_named_path || lies_within(target.path, given), "no path of an earlier request");
    // A head that is refused as a whole is known with its fields.
    for (const Field field : head.fields) GIRIN_CHECK(lies_within(field.name, given), "no field of an earlier request");
}

void Transcriber::tell_head(std::string_view given) {
    // A head must survive a move of its bytes, so what is told is told after one.
    const RequestHead& read = parser_.head();
    GIRIN_CHECK(lies_within(read.bytes, given), "the head is a part of what was given");
    const std::string copy(read.bytes);
    RequestHead head = read;
    head.moved_to(copy.data());
    GIRIN_CHECK(is_same(head.target, read.target), "a target is read as split_target() splits it");
    GIRIN_CHECK(head.host == read.host && head.fields.size() == read.fields.size(), "a move changes nothing");
    std::string decoded;
    line("method", head.method);
    line("target", head.raw_target);
    line("path", decode_path(head.target, decoded));
    if (head.target.has_query) line("query", head.target.query);
    line("version", head.version == HttpVersion::http_1_1 ? "1.1" : "1.0");
    if (!head.host.empty()) line("host", head.host);
    tell_fields("field", head.fields, copy);
    if (head.framing == BodyFraming::chunked) line("body is", "chunked");
    if (head.framing == BodyFraming::content_length) line("body is", std::to_string(head.content_length) + " bytes");
    if (head.expect_continue) text_.append("waits for 100\n");
    if (head.upgrade) text_.append("asks for upgrade\n");
    line("then", head.keep_alive ? "keep-alive" : "close");
}

void Transcriber::tell_fields(const char* label, FieldList fields, std::string_view given) {
    for (Field field : fields) {
        GIRIN_CHECK(lies_within(field.name, given) && lies_within(field.value, given), "fields of what was given");
        line(label, std::string(field.name) + (field.value.empty() ? ":" : ": ") + std::string(field.value));
    }
}

void Transcriber::tell_body() {
    if (!body_.empty()) line("body", body_);
    body_.clear();
}

void Transcriber::tell_error() {
    failed_ = true;
    tell_body();
    const ParseError error = parser_.error();
    text_.append("error ").append(std::to_string(error.status)).append(" ").append(error.reason).append("\n");
    GIRIN_CHECK(parser_.next("GET / HTTP/1.0\r\n\r\n").event == RequestEvent::error, "an error is the last event");
}

std::string Transcriber::finish() {
    if (failed_) return text_;
    tell_body();
    if (!parser_.between_requests()) text_.append("incomplete\n");
    return text_;
}

}  // namespace

std::string transcript(std::string_view bytes, const std::vector<std::size_t>& cuts, const Limits& limits) {
    Transcriber transcriber(limits);
    std::size_t begin = 0;
    for (std::size_t cut : cuts) {
        transcriber.feed(bytes.substr(begin, cut - begin));
        begin = cut;
    }
    transcriber.feed(bytes.substr(begin));
    return transcriber.finish();
}

std::string escape(std::string_view bytes) {
    constexpr char kHexDigits[] = "0123456789abcdef";
    std::string text;
    for (char c : bytes) {
        const auto value = static_cast<unsigned char>(c);
        switch (c) {
            case '\r': text += "\\r"; break;
            case '\n': text += "\\n"; break;
            case '\t': text += "\\t"; break;
            case '\0': text += "\\0"; break;
            case '\\': text += "\\\\"; break;
            default:
                if (value >= 0x20 && value < 0x7f) {
                    text += c;
                } else {
                    text += {'\\', 'x', kHexDigits[value >> 4], kHexDigits[value & 15]};
                }
        }
    }
    return text;
}

}  // namespace girin::test
