#include "tests/load/slow_clients.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "girin/base/check.hpp"
#include "tests/support/http_client.hpp"

namespace girin::load {

struct SlowClients::Client {
    UniqueFd fd;
    std::string to_send;  // at once
    test::ResponseParser parser;

    explicit Client(UniqueFd socket) : fd(std::move(socket)) {}
};

namespace {

std::string beginning(const SlowOptions& options) {
    switch (options.slowness) {
        case Slowness::silent: return "";
        case Slowness::slow_header: return "GET " + options.target + " HTTP/1.1\r\nHost: slow\r\nX-Slow: ";
        case Slowness::slow_body: return test::format_request("POST", options.target, {{"Content-Length", "1000000"}});
        case Slowness::slow_reader: return test::format_request("GET", options.target);
    }
    return "";
}

}  // namespace

SlowClients::SlowClients(SlowOptions options)
    : options_(std::move(options)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    GIRIN_CHECK(options_.count <= SlowOptions::kMostSlowClients, "too many slow clients");
    thread_ = std::thread([this] { run(); });
}

SlowClients::~SlowClients() { finish(); }

SlowTotals SlowClients::finish() {
    stopping_ = true;
    const std::uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof one) < 0) stopping_ = true;  // full: it wakes anyway
    return wait();
}

SlowTotals SlowClients::wait() {
    if (thread_.joinable()) thread_.join();
    return totals_;
}

void SlowClients::run() {
    connect_all();
    const TimePoint end = Clock::now() + options_.duration;
    while (!stopping_ && Clock::now() < end && !clients_.empty()) {
        for (Client& client : clients_) step(client);
        std::erase_if(clients_, [](const Client& client) { return !client.fd; });
        pollfd wake{wake_.get(), POLLIN, 0};
        ::poll(&wake, 1, static_cast<int>(options_.interval.count()));
    }
    totals_.still_open = clients_.size();
    clients_.clear();
}

void SlowClients::connect_all() {
    for (std::size_t i = 0; i < options_.count && !stopping_; ++i) {
        auto fd = test::start_connect(options_.server);
        if (!fd) {
            ++totals_.refused;
            continue;
        }
        if (options_.slowness == Slowness::slow_reader) {
            const int small = 2048;  // so that the answer can't hide in our own buffer
            ::setsockopt(fd->get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        }
        ++totals_.connected;
        clients_.emplace_back(std::move(*fd)).to_send = beginning(options_);
    }
}

void SlowClients::step(Client& client) {
    if (!client.to_send.empty()) {
        const ssize_t sent = ::send(client.fd.get(), client.to_send.data(), client.to_send.size(), MSG_NOSIGNAL);
        if (sent > 0) client.to_send.erase(0, static_cast<std::size_t>(sent));
    } else if (options_.slowness == Slowness::slow_header || options_.slowness == Slowness::slow_body) {
        send_a_byte(client);
    }
    read(client);
}

void SlowClients::send_a_byte(Client& client) {
    if (::send(client.fd.get(), "x", 1, MSG_NOSIGNAL) < 0) return;  // reading tells why
}

void SlowClients::read(Client& client) {
    char buffer[4096];
    const std::size_t most = options_.slowness == Slowness::slow_reader ? 1 : sizeof buffer;
    for (;;) {
        const ssize_t got = ::recv(client.fd.get(), buffer, most, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == ENOTCONN)) return;
        if (got > 0) {
            on_answer(client, std::string_view(buffer, static_cast<std::size_t>(got)));
            if (options_.slowness == Slowness::slow_reader) return;
            continue;
        }
        const bool refused = got < 0 && errno == ECONNREFUSED;
        ++(refused ? totals_.refused : got < 0 ? totals_.reset : totals_.closed);
        if (refused) --totals_.connected;
        client.fd.reset();
        return;
    }
}

void SlowClients::on_answer(Client& client, std::string_view bytes) {
    totals_.bytes_read += bytes.size();
    const bool known = client.parser.head_complete();
    client.parser.feed(bytes);
    if (!known && client.parser.head_complete()) ++totals_.answers[client.parser.response().status];
}

}  // namespace girin::load
