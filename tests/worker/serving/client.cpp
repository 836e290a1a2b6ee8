#include "tests/worker/serving/client.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace girin::test {
namespace {

// Of what came instead, in a failure.
constexpr std::size_t kShown = 1000;

}  // namespace

std::size_t Client::send_some(std::string_view bytes) {
    const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

void Client::send(std::string_view bytes) {
    const bool sent = driver_.run_until([&] {
        bytes.remove_prefix(send_some(bytes));
        return bytes.empty();
    });
    if (!sent) ADD_FAILURE() << "the server takes no more; " << bytes.size() << " bytes are left";
}

void Client::receive() {
    char buffer[65536];
    while (end_ == End::none && fd_) {
        const ssize_t got = ::recv(fd(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (got > 0) {
            unread_.append(buffer, static_cast<std::size_t>(got));
        } else if (got == 0) {
            end_ = End::closed;
        } else if (errno == EAGAIN) {
            return;
        } else {
            end_ = End::reset;
        }
    }
}

HttpResponse Client::read_response(bool to_head) {
    ResponseParser parser(to_head);
    driver_.run_until([&] {
        receive();
        unread_.erase(0, parser.feed(unread_));
        if (end_ == End::closed && !parser.complete()) parser.finish();
        return parser.complete() || parser.failed() || end_ != End::none;
    });
    if (!parser.complete()) {
        ADD_FAILURE() << "no complete response: " << parser.error()
                      << "\nwhat came: " << parser.response().raw.substr(0, kShown);
    }
    return parser.take();
}

HttpResponse Client::request(std::string_view method, std::string_view target, std::string_view fields,
                             std::string_view body) {
    std::string head(method);
    head.append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(fields);
    if (!body.empty()) head.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    send(head.append("\r\n"));
    send(body);
    return read_response(method == "HEAD");
}

HttpResponse Client::get(std::string_view target, std::string_view fields) {
    return request("GET", target, fields);
}

std::string Client::read_past(std::string_view text) {
    std::size_t found = std::string::npos;
    driver_.run_until([&] {
        receive();
        found = unread_.find(text);
        return found != std::string::npos || end_ != End::none;
    });
    if (found == std::string::npos) {
        ADD_FAILURE() << "\"" << text << "\" did not come, but: " << unread_.substr(0, kShown);
        return std::exchange(unread_, {});
    }
    std::string all = unread_.substr(0, found + text.size());
    unread_.erase(0, all.size());
    return all;
}

std::string Client::read_bytes(std::size_t count) {
    driver_.run_until([&] {
        receive();
        return unread_.size() >= count || end_ != End::none;
    });
    if (unread_.size() < count) ADD_FAILURE() << "only " << unread_.size() << " of " << count << " bytes came";
    return std::exchange(unread_, {});
}

Client::End Client::wait_for_end() {
    driver_.run_until([&] {
        receive();
        return end_ != End::none;
    });
    return end_;
}

std::string Client::read_to_end() {
    if (wait_for_end() == End::none) ADD_FAILURE() << "the connection stays open";
    return std::exchange(unread_, {});
}

const std::string& Client::peek() {
    receive();
    return unread_;
}

void Client::half_close() { ::shutdown(fd(), SHUT_WR); }

void Client::reset() {
    const linger at_once{1, 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.reset();
}

}  // namespace girin::test
