#include "worker/http/request_head.hpp"

#include "worker/http/field_values.hpp"
#include "worker/http/host.hpp"

namespace girin {
namespace {

/// Collects the few fields that decide something, then decides.
class HeadReader {
  public:
    HeadReader(HttpVersion version, HeadDecisions& out) : version_(version), out_(out) {}

    ParseError read(Field field);
    ParseError conclude();

  private:
    ParseError read_host(std::string_view value);
    ParseError read_length(std::string_view value);
    ParseError read_expect(std::string_view value);

    const HttpVersion version_;
    HeadDecisions& out_;
    bool has_host_ = false, has_length_ = false, has_upgrade_ = false;
    TransferCodings codings_;
    ConnectionOptions connection_;
};

ParseError HeadReader::read(Field field) {
    // A name's length tells nearly all fields apart that decide nothing: most cost one jump here.
    switch (field.name.size()) {
        case 4: return chars::equal_no_case(field.name, "host") ? read_host(field.value) : ParseError();
        case 6: return chars::equal_no_case(field.name, "expect") ? read_expect(field.value) : ParseError();
        case 7: has_upgrade_ |= chars::equal_no_case(field.name, "upgrade"); return {};
        case 10:
            if (chars::equal_no_case(field.name, "connection")) connection_.add(field.value);
            return {};
        case 14:
            return chars::equal_no_case(field.name, "content-length") ? read_length(field.value) : ParseError();
        case 17:
            return chars::equal_no_case(field.name, "transfer-encoding") ? codings_.add(field.value) : ParseError();
        default: return {};
    }
}

ParseError HeadReader::read_host(std::string_view value) {
    if (has_host_) return {400, "more than one Host field"};
    has_host_ = true;
    out_.host = value;
    return is_host(value) ? ParseError() : ParseError(400, "invalid Host field");
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

}  // namespace

ParseError decide(HttpVersion version, FieldList fields, HeadDecisions& decisions) {
    decisions = HeadDecisions();
    HeadReader reader(version, decisions);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (ParseError error = reader.read(fields[i])) return error;
    }
    return reader.conclude();
}

void RequestHead::choose_host() {
    if (!target.authority.empty()) host = target.authority;
}

void RequestHead::moved_to(const char* begin) {
    fields = fields.moved_to(begin);
    if (!host.empty()) host = fields.find("host").value_or(std::string_view());
    raw_target = {begin + (raw_target.data() - bytes.data()), raw_target.size()};
    method = {begin, method.size()};
    bytes = {begin, bytes.size()};
    split_target(method, raw_target, target);  // passed once, so it passes again
    choose_host();
}

}  // namespace girin
