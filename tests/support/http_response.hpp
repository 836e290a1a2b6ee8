#pragma once

// ResponseParser: an HTTP/1.1 response from bytes, as a client reads it. Written apart from worker/http on purpose: a
// test that checked the server with the server's own parser would share its mistakes. It is strict about framing.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace girin::test {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// Value of the first field of that name, in any case; nullopt: none.
std::optional<std::string> find_field(const Fields& fields, std::string_view name);

struct HttpResponse {
    std::string version;  // "HTTP/1.1"
    int status = 0;
    std::string reason;
    Fields fields;        // in order, names as sent
    std::string body;     // chunks put together
    Fields trailers;
    std::string raw;      // every byte of it

    std::optional<std::string> field(std::string_view name) const { return find_field(fields, name); }
    /// Whether the connection may carry another request.
    bool keeps_connection = false;
};

class ResponseParser {
  public:
    /// `to_head`: the request was HEAD, so no body follows whatever the fields say.
    explicit ResponseParser(bool to_head = false) : to_head_(to_head) {}

    /// Takes bytes up to the end of the response: how many. The rest belongs to the next one.
    std::size_t feed(std::string_view bytes);
    /// The connection ended. Completes a body that only ends so; anything else stays incomplete.
    void finish();

    bool complete() const { return state_ == State::complete; }
    /// Not HTTP, or framed against the rules; then error() says how.
    bool failed() const { return state_ == State::failed; }
    const std::string& error() const { return error_; }
    bool head_complete() const { return state_ != State::status_line && state_ != State::fields && !failed(); }
    /// What was read, complete or not.
    const HttpResponse& response() const { return response_; }
    HttpResponse take() { return std::move(response_); }

  private:
    enum class State {
        status_line, fields, body_by_length, body_to_end, chunk_size, chunk_data, chunk_end, trailers, complete, failed
    };

    bool takes_lines() const;
    std::size_t take_line(std::string_view bytes);
    void on_line(std::string_view line);
    void on_status_line(std::string_view line);
    void on_field_line(std::string_view line, Fields& into);
    void on_chunk_size(std::string_view line);
    void on_head_end();
    void on_body_start();
    void take_body(std::string_view bytes);
    void fail(std::string error);

    bool to_head_;
    State state_ = State::status_line;
    HttpResponse response_;
    std::string line_;             // of a line, what came so far
    unsigned long long left_ = 0;  // bytes left of the body or chunk
    std::string error_;
};

}  // namespace girin::test
