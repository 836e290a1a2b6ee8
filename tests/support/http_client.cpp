#include "tests/support/http_client.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace girin::test {
namespace {

using Kind = HttpClientError::Kind;

[[noreturn]] void fail(Kind kind, const std::string& what) { throw HttpClientError(kind, what); }

[[noreturn]] void fail_with_errno(int error, std::string_view action) {
    const bool gone = error == ECONNRESET || error == EPIPE;
    fail(gone ? Kind::reset : Kind::refused, Error::from_errno(error, action).message());
}

}  // namespace

std::string format_request(std::string_view method, std::string_view target, const Fields& fields,
                           std::string_view body) {
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
    if (!find_field(fields, "Host")) text.append("Host: test\r\n");
    for (const auto& [name, value] : fields) text.append(name).append(": ").append(value).append("\r\n");
    const bool framed = find_field(fields, "Content-Length") || find_field(fields, "Transfer-Encoding");
    if (!body.empty() && !framed) text.append("Content-Length: " + std::to_string(body.size()) + "\r\n");
    return text.append("\r\n").append(body);
}

HttpClient::HttpClient(const Endpoint& endpoint, milliseconds limit) : limit_(limit) { connect(endpoint); }

void HttpClient::connect(const Endpoint& endpoint) {
    auto started = start_connect(endpoint);
    if (!started) fail(Kind::refused, started.error().message());
    fd_ = std::move(*started);
    if (!wait_for(POLLOUT, Deadline(limit_))) fail(Kind::timed_out, "connect to " + endpoint.to_text() + ": timed out");
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) fail(Kind::refused, Error::from_errno(error, "connect to", endpoint.to_text()).message());
}

bool HttpClient::wait_for(short events, const Deadline& deadline) {
    pollfd socket{fd_.get(), events, 0};
    while (!deadline.passed()) {
        const int ready = ::poll(&socket, 1, deadline.poll_timeout());
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) fail_with_errno(errno, "poll");
    }
    return false;
}

std::size_t HttpClient::send_some(std::string_view bytes) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN || errno == EINTR) return 0;
    fail_with_errno(errno, "send");
}

void HttpClient::send(std::string_view bytes) {
    const Deadline deadline(limit_);
    while (!bytes.empty()) {
        if (!wait_for(POLLOUT, deadline)) fail(Kind::timed_out, "send: the peer takes nothing");
        bytes.remove_prefix(send_some(bytes));
    }
}

// Empty: the peer closed.
std::string HttpClient::receive(const Deadline& deadline) {
    if (!unread_.empty()) return std::exchange(unread_, {});
    char buffer[65536];
    for (;;) {
        if (!wait_for(POLLIN, deadline)) fail(Kind::timed_out, "receive: nothing comes");
        const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (got >= 0) return std::string(buffer, static_cast<std::size_t>(got));
        if (errno != EAGAIN && errno != EINTR) fail_with_errno(errno, "receive");
    }
}

HttpResponse HttpClient::read_response(bool to_head) {
    const Deadline deadline(limit_);
    ResponseParser parser(to_head);
    while (!parser.complete()) {
        const std::string bytes = receive(deadline);
        if (bytes.empty()) {
            parser.finish();
            if (!parser.complete()) fail(Kind::closed, "closed after: " + parser.response().raw.substr(0, 400));
        }
        const std::size_t used = parser.feed(bytes);
        if (parser.failed()) fail(Kind::malformed, "malformed response: " + parser.error());
        if (used < bytes.size()) unread_ = bytes.substr(used);
    }
    return parser.take();
}

HttpResponse HttpClient::read_final_response(bool to_head) {
    for (;;) {
        HttpResponse response = read_response(to_head);
        if (response.status / 100 != 1 || response.status == 101) return response;
    }
}

HttpResponse HttpClient::request(std::string_view method, std::string_view target, const Fields& fields,
                                 std::string_view body) {
    send(format_request(method, target, fields, body));
    return read_final_response(method == "HEAD");
}

std::string HttpClient::read_some() { return receive(Deadline(limit_)); }

std::string HttpClient::read_until_close() {
    const Deadline deadline(limit_);
    std::string all;
    for (;;) {
        const std::string bytes = receive(deadline);
        if (bytes.empty()) return all;
        all += bytes;
    }
}

bool HttpClient::closed_within(milliseconds limit) {
    if (!unread_.empty() || !wait_for(POLLIN, Deadline(limit))) return false;
    char byte;
    const ssize_t got = ::recv(fd_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

void HttpClient::half_close() { ::shutdown(fd_.get(), SHUT_WR); }

void HttpClient::reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
}

HttpResponse get(const Endpoint& endpoint, std::string_view target, const Fields& fields) {
    HttpClient client(endpoint);
    return client.get(target, fields);
}

}  // namespace girin::test
