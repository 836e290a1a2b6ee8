// The floor: what a server on one edge-triggered epoll costs that does nothing but answer. It counts the empty lines
// that end request heads and writes a fixed answer for each; it parses nothing and keeps nothing per connection, so a
// head must come in one piece, as it does from the bench's clients. Not a server for anybody.
//
//   floor [--close]    listens on a free port of 127.0.0.1, prints it; --close: ends each connection after its answer

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t kReadBytes = 16384;
constexpr std::size_t kMostAnswers = 1024;  // to one read; a GET of fewer than 16 bytes isn't HTTP

std::string make_answer(bool closing) {
    return std::string("HTTP/1.1 200 OK\r\nServer: floor\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\n") +
           "Content-Type: text/plain\r\nContent-Length: 13\r\n" + (closing ? "Connection: close\r\n" : "") +
           "\r\nHello, World!";
}

class Floor {
  public:
    explicit Floor(bool closing) : closing_(closing), answer_bytes_(make_answer(closing).size()) {
        for (std::size_t i = 0; i < kMostAnswers; ++i) answers_ += make_answer(closing);
    }

    bool listen() {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 4096) != 0) return false;
        ::getsockname(listener_, generic, &size);
        std::printf("%d\n", ntohs(address.sin_port));
        std::fflush(stdout);
        epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
        watch(listener_);
        return true;
    }

    [[noreturn]] void serve() {
        std::array<epoll_event, 256> events;
        for (;;) {
            const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < ready; ++i) {
                const auto& event = events[static_cast<std::size_t>(i)];
                if (event.data.fd == listener_) accept_all();
                else on_readable(event.data.fd, (event.events & (EPOLLRDHUP | EPOLLHUP)) != 0);
            }
        }
    }

  private:
    void watch(int fd) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }

    void accept_all() {
        for (;;) {
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) return;
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            watch(fd);
        }
    }

    // A read that doesn't fill the buffer has emptied the socket: no second one is needed to know.
    void on_readable(int fd, bool ended) {
        ssize_t got = 0;
        do {
            got = ::read(fd, buffer_.data(), buffer_.size());
            if (got > 0 && !answer(fd, std::string_view(buffer_.data(), static_cast<std::size_t>(got)))) return;
        } while (got == static_cast<ssize_t>(buffer_.size()));
        if (got == 0 || (got < 0 && errno != EAGAIN) || ended) ::close(fd);
    }

    // False: the connection is closed.
    bool answer(int fd, std::string_view requests) {
        static constexpr std::string_view kHeadEnd = "\r\n\r\n";
        std::size_t count = 0;
        for (auto at = requests.find(kHeadEnd); at != requests.npos; at = requests.find(kHeadEnd, at + 4)) ++count;
        if (count == 0) return true;
        const bool sent = ::write(fd, answers_.data(), answer_bytes_ * count) >= 0;
        if (sent && !closing_) return true;
        ::close(fd);
        return false;
    }

    bool closing_;
    std::size_t answer_bytes_;
    std::string answers_;
    std::array<char, kReadBytes> buffer_;
    int listener_ = -1;
    int epoll_ = -1;
};

}  // namespace

int main(int argc, char** argv) {
    Floor floor(argc > 1 && std::string_view(argv[1]) == "--close");
    if (!floor.listen()) {
        std::perror("floor: listen");
        return 1;
    }
    floor.serve();
}
