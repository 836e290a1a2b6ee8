#pragma once

// HttpClient: one connection of a test, byte by byte if it likes. Blocking, every wait bounded. It repairs nothing:
// what is sent is what the test wrote, and a broken answer is an exception. Not here: load (tests/load).

#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/deadline.hpp"
#include "tests/support/endpoint.hpp"
#include "tests/support/http_response.hpp"

namespace girin::test {

/// Why there is no answer.
class HttpClientError : public std::runtime_error {
  public:
    enum class Kind { refused, closed, reset, timed_out, malformed };

    HttpClientError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
    Kind kind() const { return kind_; }

  private:
    Kind kind_;
};

/// A request's bytes. Adds Host, and Content-Length when there is a body and no framing among `fields`.
std::string format_request(std::string_view method, std::string_view target, const Fields& fields = {},
                           std::string_view body = {});

class HttpClient {
  public:
    /// Connects. `limit` holds for this and for every later operation. Errors: HttpClientError::refused, timed_out.
    explicit HttpClient(const Endpoint& endpoint, milliseconds limit = milliseconds{5'000});

    /// Sends all of it. Errors: closed, reset, timed_out (the peer takes nothing more).
    void send(std::string_view bytes);
    /// Sends what the socket takes at once: how many bytes.
    std::size_t send_some(std::string_view bytes);

    /// One response, 1xx ones too; bytes after it are kept for the next. Errors: closed before its end, reset,
    /// timed_out, malformed.
    HttpResponse read_response(bool to_head = false);
    /// As read_response, 1xx ones skipped.
    HttpResponse read_final_response(bool to_head = false);

    /// send + read_final_response on this connection, which stays open if both sides want it to.
    HttpResponse request(std::string_view method, std::string_view target, const Fields& fields = {},
                         std::string_view body = {});
    HttpResponse get(std::string_view target, const Fields& fields = {}) { return request("GET", target, fields); }

    /// The next bytes, whatever they are; empty: the peer closed. Errors: reset, timed_out.
    std::string read_some();
    /// Everything until the peer closes. Errors: reset, timed_out.
    std::string read_until_close();
    /// Whether the peer closes (or resets) within `limit` without sending anything first.
    bool closed_within(milliseconds limit);

    /// Sends FIN; answers can still be read.
    void half_close();
    /// Closes with RST instead of FIN.
    void reset();
    void close() { fd_.reset(); }
    int fd() const { return fd_.get(); }

  private:
    void connect(const Endpoint& endpoint);
    bool wait_for(short events, const Deadline& deadline);
    std::string receive(const Deadline& deadline);

    UniqueFd fd_;
    milliseconds limit_;
    std::string unread_;
};

/// A GET on a connection of its own.
HttpResponse get(const Endpoint& endpoint, std::string_view target, const Fields& fields = {});

}  // namespace girin::test
