#pragma once

// Response: what an application answers.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "girin/loop/coro.hpp"

namespace girin {

class Exchange;

/// An answer given by throwing: `throw HttpError(404, "no such item\n")`. The text is the body, byte for byte; without one
/// it is the status in words. Nothing is logged as an error below 500.
///
///     throw HttpError(422, json).type("application/json").header("Cache-Control", "no-store");
///
/// What the handler has set on its Response is not part of it.
class HttpError : public std::runtime_error {
  public:
    explicit HttpError(int status, const std::string& text = {})
        : std::runtime_error(text), status_(status), text_(text) {}

    /// Of the text; "text/plain; charset=utf-8" unless set.
    HttpError& type(std::string content_type) { return header("Content-Type", std::move(content_type)); }
    /// Adds a field, as Response::header() does; a bad one makes the answer a 500.
    HttpError& header(std::string name, std::string value) {
        fields_.emplace_back(std::move(name), std::move(value));
        return *this;
    }

    int status() const { return status_; }
    /// Also where it holds a NUL, which what() ends at.
    const std::string& text() const { return text_; }
    const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

  private:
    int status_;
    std::string text_;
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// The request body can't be had: malformed, too large or too slow. Left uncaught it answers with status() and closes.
class BodyError : public HttpError {
  public:
    using HttpError::HttpError;
};

/// A wrong use of Response by the application (a line break in a field, a second length, more bytes than announced).
class ResponseError : public std::logic_error {
  public:
    using std::logic_error::logic_error;
};

/// Either body(), the whole, or write(), a piece, as often as needed; then the handler ends, which ends the answer.
class Response {
  public:
    explicit Response(Exchange& exchange) : exchange_(&exchange) {}

    /// 200 to 599; 200 unless set. Errors: ResponseError for any other, or once the head is sent.
    Response& status(int code);
    int status() const;

    /// Adds a field (`header`) or puts it in the place of those of that name (`set_header`). Names and values are
    /// copied. Content-Type, if none is set, is "text/plain; charset=utf-8" for body() and left out for write().
    /// Hop-by-hop fields (Connection, Transfer-Encoding …) are the server's and dropped.
    /// Errors: ResponseError for a bad name or a value with CR, LF or NUL, or once the head is sent.
    Response& header(std::string_view name, std::string_view value);
    Response& set_header(std::string_view name, std::string_view value);

    /// The whole body; copied, sent when the handler ends, with its Content-Length. Called again, the last one counts.
    /// Errors: ResponseError once the head is sent.
    void body(std::string_view text);

    /// Sends the head, if that is still to do, and a piece of the body: chunked to HTTP/1.1, unless Content-Length
    /// is set. Returns once the piece is sent or buffered; waits while the client is slower than the application.
    /// `piece` may end its life when write() has returned.
    ///
    /// Errors: ResponseError beyond the announced length.  Cancel: raised when the client has gone.
    Coro<void> write(std::string_view piece);

    /// Sends what is buffered; for answers that trickle.
    Coro<void> flush();

    /// A field after a chunked body; dropped where the framing has no place for it.
    void trailer(std::string_view name, std::string_view value);

    /// True once the head can't be changed any more.
    bool head_sent() const;

  private:
    Exchange* exchange_;
};

}  // namespace girin
