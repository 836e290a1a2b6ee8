#include "tests/support/http_response.hpp"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace girin::test {
namespace {

constexpr std::size_t kMaxLine = 65536;

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

template <class T>
bool parse_number(std::string_view text, T& value, int base = 10) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return !text.empty() && parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
}

// Whether a comma-separated list has `token`, in any case.
bool has_token(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        if (same_name(trimmed(list.substr(0, comma)), token)) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

bool may_stay_open(const HttpResponse& response) {
    const std::string connection = response.field("Connection").value_or("");
    if (has_token(connection, "close")) return false;
    return response.version == "HTTP/1.1" || has_token(connection, "keep-alive");
}

}  // namespace

std::optional<std::string> find_field(const Fields& fields, std::string_view name) {
    for (const auto& [key, value] : fields) {
        if (same_name(key, name)) return value;
    }
    return std::nullopt;
}

void ResponseParser::fail(std::string error) {
    state_ = State::failed;
    error_ = std::move(error);
}

bool ResponseParser::takes_lines() const {
    return state_ == State::status_line || state_ == State::fields || state_ == State::chunk_size ||
           state_ == State::chunk_end || state_ == State::trailers;
}

std::size_t ResponseParser::feed(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && !complete() && !failed()) {
        const std::string_view rest = bytes.substr(used);
        if (takes_lines()) {
            used += take_line(rest);
            continue;
        }
        const auto step = state_ == State::body_to_end ? rest.size() : std::min<std::size_t>(left_, rest.size());
        take_body(rest.substr(0, step));
        used += step;
    }
    return used;
}

std::size_t ResponseParser::take_line(std::string_view bytes) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, end == std::string_view::npos ? bytes.size() : end + 1);
    line_.append(piece);
    response_.raw.append(piece);
    if (line_.size() > kMaxLine) {
        fail("a line of more than 64 KiB");
    } else if (line_.ends_with("\r\n")) {
        const std::string line = std::exchange(line_, {});
        on_line(std::string_view(line).substr(0, line.size() - 2));
    } else if (line_.ends_with('\n')) {
        fail("a line that ends in a bare LF");
    }
    return piece.size();
}

void ResponseParser::take_body(std::string_view bytes) {
    response_.raw.append(bytes);
    response_.body.append(bytes);
    if (state_ == State::body_to_end) return;
    left_ -= bytes.size();
    if (left_ > 0) return;
    state_ = state_ == State::chunk_data ? State::chunk_end : State::complete;
}

void ResponseParser::finish() {
    if (state_ == State::body_to_end) state_ = State::complete;
}

void ResponseParser::on_line(std::string_view line) {
    switch (state_) {
        case State::status_line: return on_status_line(line);
        case State::fields: return line.empty() ? on_head_end() : on_field_line(line, response_.fields);
        case State::chunk_size: return on_chunk_size(line);
        case State::chunk_end:
            if (!line.empty()) return fail("a chunk longer than its size says");
            state_ = State::chunk_size;
            return;
        case State::trailers:
            if (!line.empty()) return on_field_line(line, response_.trailers);
            state_ = State::complete;
            return;
        default: return;  // the other states take no lines
    }
}

void ResponseParser::on_status_line(std::string_view line) {
    const bool shaped = line.size() >= 12 && line.starts_with("HTTP/1.") && line[8] == ' ' &&
                        (line.size() == 12 || line[12] == ' ');
    if (!shaped || !parse_number(line.substr(9, 3), response_.status)) {
        return fail("not a status line: " + std::string(line.substr(0, 80)));
    }
    response_.version = line.substr(0, 8);
    response_.reason = line.size() > 13 ? line.substr(13) : "";
    state_ = State::fields;
}

void ResponseParser::on_field_line(std::string_view line, Fields& into) {
    const auto colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos || line[colon - 1] == ' ') {
        return fail("not a field line: " + std::string(line.substr(0, 80)));
    }
    into.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
}

void ResponseParser::on_head_end() {
    response_.keeps_connection = may_stay_open(response_);
    const int status = response_.status;
    if (to_head_ || status / 100 == 1 || status == 204 || status == 304) {
        state_ = State::complete;
        return;
    }
    on_body_start();
}

void ResponseParser::on_body_start() {
    const auto coding = response_.field("Transfer-Encoding");
    const auto length = response_.field("Content-Length");
    if (coding && length) return fail("both Transfer-Encoding and Content-Length");
    if (coding) {
        if (!has_token(*coding, "chunked")) return fail("an unknown transfer coding: " + *coding);
        state_ = State::chunk_size;
    } else if (length) {
        if (!parse_number(*length, left_)) return fail("not a length: " + *length);
        state_ = left_ == 0 ? State::complete : State::body_by_length;
    } else {
        response_.keeps_connection = false;
        state_ = State::body_to_end;
    }
}

void ResponseParser::on_chunk_size(std::string_view line) {
    const auto size = trimmed(line.substr(0, line.find(';')));
    if (!parse_number(size, left_, 16)) return fail("not a chunk size: " + std::string(line.substr(0, 80)));
    state_ = left_ == 0 ? State::trailers : State::chunk_data;
}

}  // namespace girin::test
