#include "worker/http/response_head.hpp"

#include <charconv>

#include "girin/base/check.hpp"
#include "girin/http/status.hpp"
#include "worker/http/chars.hpp"
#include "worker/http/field_values.hpp"

namespace girin {
namespace {

using Framing = ResponseFraming;

/// What reading the application's fields has found.
struct AppFields {
    std::optional<std::uint64_t> content_length;
    bool close = false;
    bool has_date = false, has_server = false, has_content_type = false;
};

Error field_error(std::string_view action, std::string_view name) {
    std::string shown;
    for (char c : name) shown.push_back(c > ' ' && c < 0x7f ? c : '?');
    return Error("response field \"" + shown + "\": " + std::string(action));
}

/// Writes one head. A failed one is cut off again.
class HeadWriter {
  public:
    HeadWriter(std::string& out, const ResponseHead& head, const ResponseContext& context)
        : out_(out), head_(head), context_(context), begin_(out.size()) {}

    Result<ResponsePlan> write();

  private:
    Result<void> write_all();
    void write_status_line();
    Result<void> write_app_fields();
    Result<void> write_app_field(Field field);
    Result<void> read_length(std::string_view value);
    bool keeps(Field field);
    Result<void> decide_framing();
    void write_framing();
    void write_own_fields();
    void write_connection();
    void put(std::string_view text) { out_.append(text); }
    void put_field(std::string_view name, std::string_view value);
    bool keeps_upgrade() const { return head_.status == 101 || head_.status == 426; }

    std::string& out_;
    const ResponseHead& head_;
    const ResponseContext& context_;
    const std::size_t begin_;
    AppFields app_;
    bool has_upgrade_ = false;
    ResponsePlan plan_;
};

Result<ResponsePlan> HeadWriter::write() {
    const Result<void> written = write_all();
    if (written) return plan_;
    out_.resize(begin_);
    return written.error();
}

Result<void> HeadWriter::write_all() {
    const bool interim = is_interim(head_.status) && head_.status != 101;
    if (head_.status < 100 || head_.status > 599) {
        return Error("response status " + std::to_string(head_.status) + ": not within 100 to 599");
    }
    if (is_interim(head_.status) && context_.version != HttpVersion::http_1_1) {
        return Error("response status " + std::to_string(head_.status) + ": not for an HTTP/1.0 client");
    }
    write_status_line();
    if (Result<void> fields = write_app_fields(); !fields) return fields;
    if (Result<void> framing = decide_framing(); !framing) return framing;
    if (interim) {
        plan_.keep_alive = context_.keep_alive;
    } else {
        write_framing();
        write_own_fields();
    }
    put("\r\n");
    return {};
}

void HeadWriter::write_status_line() {
    if (head_.status == 200) return put("HTTP/1.1 200 OK\r\n");
    char line[] = "HTTP/1.1 000 ";
    std::to_chars(line + 9, line + 12, head_.status);
    put({line, 13});
    put(reason_phrase(head_.status));
    put("\r\n");
}

Result<void> HeadWriter::write_app_fields() {
    for (std::size_t i = 0; i < head_.fields.size(); ++i) {
        if (Result<void> field = write_app_field(head_.fields[i]); !field) return field;
    }
    return {};
}

Result<void> HeadWriter::write_app_field(Field field) {
    const std::string_view value = chars::trim_blanks(field.value);
    if (!is_field_name(field.name)) return field_error("invalid name", field.name);
    if (!is_field_value(value)) return field_error("line break or control character in its value", field.name);
    if (chars::equal_no_case(field.name, "content-length")) return read_length(value);
    if (keeps({field.name, value})) put_field(field.name, value);
    return {};
}

/// Whether a field goes out as it is; notes those that the server would else write itself.
bool HeadWriter::keeps(Field field) {
    switch (field.name.size()) {
        case 2: case 17: case 16: return !is_hop_by_hop(field.name);
        case 4: app_.has_date |= chars::equal_no_case(field.name, "date"); return true;
        case 6: app_.has_server |= chars::equal_no_case(field.name, "server"); return true;
        case 12: app_.has_content_type |= chars::equal_no_case(field.name, "content-type"); return true;
        case 7: {
            if (!chars::equal_no_case(field.name, "upgrade")) return true;
            has_upgrade_ = keeps_upgrade();
            return has_upgrade_;
        }
        case 10: {
            if (!is_hop_by_hop(field.name)) return true;
            if (!chars::equal_no_case(field.name, "connection")) return false;
            ConnectionOptions options;
            options.add(field.value);
            app_.close |= options.close;
            return false;
        }
        default: return true;
    }
}

Result<void> HeadWriter::read_length(std::string_view value) {
    if (app_.content_length) return Error("response field \"Content-Length\": given twice");
    std::uint64_t length = 0;
    if (!parse_content_length(value, length)) return Error("response field \"Content-Length\": invalid value");
    app_.content_length = length;
    return {};
}

Result<void> HeadWriter::decide_framing() {
    const bool bodiless = context_.head_method || is_bodiless(head_.status);
    const bool disagree = app_.content_length && head_.body_bytes && *app_.content_length != *head_.body_bytes;
    // HEAD and 304 announce another body's length than the one that isn't sent.
    if (disagree && !bodiless) {
        return Error("response field \"Content-Length\": " + std::to_string(*app_.content_length) +
                     ", but the body has " + std::to_string(*head_.body_bytes) + " bytes");
    }
    plan_.keep_alive = context_.keep_alive && !app_.close;
    plan_.framing = Framing::none;
    if (bodiless) return {};
    const std::optional<std::uint64_t> length = app_.content_length ? app_.content_length : head_.body_bytes;
    if (length) {
        plan_.framing = Framing::content_length;
        plan_.content_length = *length;
    } else if (context_.version == HttpVersion::http_1_1) {
        plan_.framing = Framing::chunked;
    } else {
        plan_.framing = Framing::until_close;
        plan_.keep_alive = false;
    }
    return {};
}

void HeadWriter::write_framing() {
    std::optional<std::uint64_t> length;
    if (plan_.framing == Framing::content_length) {
        length = plan_.content_length;
    } else if (head_.status == 304) {
        length = app_.content_length;  // an empty 304 says nothing about what GET would have sent
    } else if (context_.head_method && !is_bodiless(head_.status)) {
        length = app_.content_length;
        if (!length && head_.body_bytes.value_or(0) > 0) length = head_.body_bytes;
    }
    if (length) {
        char digits[20];
        const char* end = std::to_chars(digits, digits + sizeof digits, *length).ptr;
        put_field("Content-Length", {digits, static_cast<std::size_t>(end - digits)});
    }
    if (plan_.framing == Framing::chunked) put("Transfer-Encoding: chunked\r\n");
}

void HeadWriter::write_own_fields() {
    if (!head_.content_type.empty() && !app_.has_content_type) put_field("Content-Type", head_.content_type);
    if (!context_.server.empty() && !app_.has_server) put_field("Server", context_.server);
    if (!context_.date.empty() && !app_.has_date) put_field("Date", context_.date);
    write_connection();
}

void HeadWriter::write_connection() {
    if (has_upgrade_) {
        put(plan_.keep_alive ? "Connection: upgrade\r\n" : "Connection: close, upgrade\r\n");
    } else if (!plan_.keep_alive) {
        put("Connection: close\r\n");
    } else if (context_.version == HttpVersion::http_1_0) {
        put("Connection: keep-alive\r\n");
    }
}

void HeadWriter::put_field(std::string_view name, std::string_view value) {
    put(name);
    put(": ");
    put(value);
    put("\r\n");
}

}  // namespace

Result<ResponsePlan> append_response_head(std::string& out, const ResponseHead& head, const ResponseContext& context) {
    return HeadWriter(out, head, context).write();
}

ResponsePlan append_plain_answer(std::string& out, int status, std::string_view detail,
                                 const ResponseContext& context) {
    std::string body = std::to_string(status);
    body.append(" ").append(reason_phrase(status)).append("\n");
    for (char c : detail) body.push_back(c >= ' ' && c < 0x7f ? c : '?');
    if (!detail.empty()) body.push_back('\n');
    ResponseHead head;
    head.status = status;
    head.body_bytes = body.size();
    head.content_type = "text/plain; charset=utf-8";
    const Result<ResponsePlan> plan = append_response_head(out, head, context);
    GIRIN_CHECK(plan.has_value(), "the server's own answers are well-formed");
    if (plan->framing == Framing::content_length) out.append(body);
    return *plan;
}

}  // namespace girin
