#include "worker/http/head_reader.hpp"

#include "worker/http/chars.hpp"
#include "worker/http/host.hpp"

namespace girin {

ParseError HeadReader::read(std::string_view name, std::string_view value) {
    switch (name.size()) {
        case 4:
            return chars::equal_no_case(name, "host") ? read_host(value, is_host(value)) : ParseError();
        case 6: return chars::equal_no_case(name, "expect") ? read_expect(value) : ParseError();
        case 7: has_upgrade_ |= chars::equal_no_case(name, "upgrade"); return {};
        case 10:
            if (chars::equal_no_case(name, "connection")) connection_.add(value);
            return {};
        case 14:
            return chars::equal_no_case(name, "content-length") ? read_length(value) : ParseError();
        case 17:
            return chars::equal_no_case(name, "transfer-encoding") ? codings_.add(value) : ParseError();
        default: return {};
    }
}

ParseError HeadReader::read_host(std::string_view value, bool is_good) {
    if (has_host_) return {400, "more than one Host field"};
    has_host_ = true;
    out_.host = value;
    return is_good ? ParseError() : ParseError(400, "invalid Host field");
}

ParseError HeadReader::read_length(std::string_view value) {
    if (has_length_) return {400, "more than one Content-Length field"};
    has_length_ = true;
    return parse_content_length(value, out_.content_length) ? ParseError()
                                                            : ParseError(400, "invalid Content-Length field");
}

ParseError HeadReader::read_expect(std::string_view value) {
    if (version_ == HttpVersion::http_1_0) return {};  // RFC 9110 §10.1.1: not for 1.0
    if (!chars::equal_no_case(value, "100-continue")) return {417, "unknown expectation"};
    out_.expect_continue = true;
    return {};
}

ParseError HeadReader::conclude() {
    const bool is_1_1 = version_ == HttpVersion::http_1_1;
    if (is_1_1 && !has_host_) return {400, "HTTP/1.1 request without a Host field"};
    if (codings_.any()) {
        if (!is_1_1) return {400, "Transfer-Encoding in an HTTP/1.0 request"};
        if (has_length_) return {400, "Transfer-Encoding together with Content-Length"};
        if (ParseError error = codings_.check()) return error;
        out_.framing = BodyFraming::chunked;
    } else if (has_length_) {
        out_.framing = BodyFraming::content_length;
    }
    const bool has_body = out_.framing == BodyFraming::chunked || out_.content_length > 0;
    out_.expect_continue = out_.expect_continue && has_body;
    out_.keep_alive = !connection_.close && (is_1_1 || connection_.keep_alive);
    out_.upgrade = is_1_1 && connection_.upgrade && has_upgrade_;
    return {};
}

}  // namespace girin
