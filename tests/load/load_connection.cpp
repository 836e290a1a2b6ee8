#include "tests/load/load_connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace girin::load {
namespace {

int socket_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

bool writable_now(int fd) {
    pollfd socket{fd, POLLOUT, 0};
    return ::poll(&socket, 1, 0) > 0;
}

// The beginning of what came, for a person to read.
std::string excerpt(const test::HttpResponse& response) { return response.raw.substr(0, 120); }

}  // namespace

std::optional<Ended> LoadConnection::begin(const LoadRequest& request, TimePoint due) {
    request_ = &request;
    unsent_ = request.bytes(!kept_).size();
    parser_ = test::ResponseParser(request.is_head());
    due_ = due;
    reusable_ = false;
    if (connecting_) return finish_connect();
    send_more();
    return std::nullopt;
}

std::optional<Ended> LoadConnection::on_event() {
    if (connecting_) return finish_connect();
    if (unsent_ > 0) send_more();
    return receive();
}

std::optional<Ended> LoadConnection::finish_connect() {
    if (!writable_now(fd_.get())) return std::nullopt;
    const int error = socket_error(fd_.get());
    if (error == ETIMEDOUT) return end(Outcome::timed_out, "connect: timed out");
    if (error == ECONNRESET) return end(Outcome::reset_before_bytes, "connect: reset");
    if (error != 0) return end(Outcome::refused, "connect: " + errno_text(error));
    connecting_ = false;
    send_more();
    return std::nullopt;
}

// A peer that takes no more may have answered already, so an error here only ends the sending: reading tells the rest.
void LoadConnection::send_more() {
    const std::string& bytes = request_->bytes(!kept_);
    while (unsent_ > 0) {
        const ssize_t sent = ::send(fd_.get(), bytes.data() + (bytes.size() - unsent_), unsent_, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) return;
        unsent_ = sent < 0 ? 0 : unsent_ - static_cast<std::size_t>(sent);
    }
}

std::optional<Ended> LoadConnection::receive() {
    char buffer[65536];
    for (;;) {
        const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return std::nullopt;
        if (got <= 0) return on_end_of_stream(got < 0 ? errno : 0);
        const std::string_view bytes(buffer, static_cast<std::size_t>(got));
        const std::size_t used = parser_.feed(bytes);
        if (parser_.failed()) return end(Outcome::wrong_answer, parser_.error());
        if (!parser_.complete()) continue;
        if (used < bytes.size()) return end(Outcome::wrong_answer, "bytes after the answer");
        const Outcome outcome = request_->judge(parser_.response());
        reusable_ = parser_.response().keeps_connection && kept_ && unsent_ == 0;
        return end(outcome, excerpt(parser_.response()));
    }
}

Ended LoadConnection::on_end_of_stream(int error) {
    const std::string how = error == 0 ? "closed" : errno_text(error);
    if (parser_.response().raw.empty()) {
        return end(used_ ? Outcome::raced_close : Outcome::reset_before_bytes, how);
    }
    if (error == 0) parser_.finish();
    if (parser_.complete()) return end(request_->judge(parser_.response()), excerpt(parser_.response()));
    const bool cut = error == 0 && parser_.head_complete();
    return end(cut ? Outcome::short_body : Outcome::reset_mid_response, how + " after " + excerpt(parser_.response()));
}

Ended LoadConnection::end(Outcome outcome, std::string detail) {
    request_ = nullptr;
    used_ = true;
    return Ended(outcome, std::move(detail));
}

LoadConnection::Idle LoadConnection::look_when_idle() const {
    char byte;
    const ssize_t got = ::recv(fd_.get(), &byte, 1, MSG_PEEK);
    if (got < 0) return errno == EAGAIN || errno == EINTR ? Idle::alive : Idle::reset;
    return Idle::closed;  // the end, or bytes that nobody asked for: either way no request may follow
}

}  // namespace girin::load
