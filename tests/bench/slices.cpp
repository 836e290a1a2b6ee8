// slices: a load client that shares one CPU with several servers and lets them work in turns of a few milliseconds, so
// that whatever else the machine does in that moment meets them all alike. The first server is the base: it works half
// a slice before and half a slice after each of the others. Prints a JSON line for each slice: requests and CPU time of
// the server, and of the base around it. Not here: starting servers and the arithmetic (compare).
//
//   slices CONNECTIONS SLICE_MS ROUNDS DEPTH keep|new NAME:PORT:TID+TID… NAME:PORT:TID…
//
// DEPTH requests are sent at once (pipelined). `new`: each request is on a connection of its own, which the server
// closes.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "girin/base/unique_fd.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using girin::UniqueFd;

struct Plan {
    std::size_t connections = 1;
    std::chrono::milliseconds slice{50};
    int rounds = 1;
    std::size_t depth = 1;
    bool fresh = false;  // a connection for each request

    std::string request() const {
        const std::string one = std::string("GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n") +
                                (fresh ? "Connection: close\r\n" : "") + "\r\n";
        std::string all;
        for (std::size_t i = 0; i < depth; ++i) all += one;
        return all;
    }
};

// What one slice took: requests answered, CPU time of the server's threads.
struct Work {
    unsigned long requests = 0;
    unsigned long long cpu_ns = 0;

    Work operator+(const Work& other) const { return {requests + other.requests, cpu_ns + other.cpu_ns}; }
};

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

class Server {
  public:
    // `text` is NAME:PORT:TID+TID.
    Server(const std::string& text, const Plan& plan) : plan_(plan), request_(plan.request()) {
        std::istringstream parts(text);
        std::string port, threads;
        if (!std::getline(parts, name_, ':') || !std::getline(parts, port, ':') || !std::getline(parts, threads)) {
            throw std::runtime_error("not NAME:PORT:TID+TID: " + text);
        }
        address_.sin_family = AF_INET;
        address_.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        std::istringstream tids(threads);
        for (std::string tid; std::getline(tids, tid, '+');) open_schedstat(tid);
        measure_answer();
        for (std::size_t i = 0; i < plan_.connections; ++i) clients_.emplace_back();
    }

    const std::string& name() const { return name_; }

    // Keeps all connections busy for `length`, then waits for the answers that are due.
    Work work(std::chrono::nanoseconds length) {
        if (!plan_.fresh) reopen_closed();
        const auto cpu_before = cpu_ns();
        const auto end = Clock::now() + length;
        Work done;
        busy_ = 0;
        for (std::size_t i = 0; i < clients_.size(); ++i) ask(i);
        std::array<epoll_event, 512> events;
        while (busy_ > 0) {
            const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 5'000);
            if (ready == 0) throw std::runtime_error(name_ + " doesn't answer");
            const bool over = Clock::now() >= end;
            for (int i = 0; i < ready; ++i) on_readable(events[static_cast<std::size_t>(i)].data.u32, over, done);
        }
        done.cpu_ns = cpu_ns() - cpu_before;
        return done;
    }

  private:
    struct Client {
        UniqueFd fd;
        std::size_t missing = 0;  // bytes of the answers to come
    };

    void open_schedstat(const std::string& tid) {
        const std::string path = "/proc/" + tid + "/schedstat";
        UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!file) fail(path);
        schedstats_.push_back(std::move(file));
    }

    // The first number of schedstat is the time on a CPU. The server sleeps when we ask, so that the number is whole.
    unsigned long long cpu_ns() const {
        unsigned long long sum = 0;
        for (const auto& file : schedstats_) {
            char text[128] = {};
            if (::pread(file.get(), text, sizeof text - 1, 0) > 0) sum += std::strtoull(text, nullptr, 10);
        }
        return sum;
    }

    UniqueFd connect() const {
        UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0) {
            fail("connect to " + name_);
        }
        const int on = 1;
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        return fd;
    }

    // All answers of a server to the same request have the same length: that of the first.
    void measure_answer() {
        const UniqueFd fd = connect();
        const std::string one = request_.substr(0, request_.find("\r\n\r\n") + 4);
        if (::send(fd.get(), one.data(), one.size(), MSG_NOSIGNAL) < 0) fail("send to " + name_);
        std::string answer;
        while (answer_bytes_ == 0 || answer.size() < answer_bytes_) {
            char buffer[4096];
            const ssize_t got = ::recv(fd.get(), buffer, sizeof buffer, 0);
            if (got <= 0) fail("answer of " + name_);
            answer.append(buffer, static_cast<std::size_t>(got));
            answer_bytes_ = length_of(answer);
        }
        if (answer.find(" 200 ") != 8) throw std::runtime_error(name_ + " answers " + answer.substr(0, 40));
    }

    // 0: the head isn't whole yet.
    std::size_t length_of(const std::string& answer) const {
        const auto head_end = answer.find("\r\n\r\n");
        if (head_end == std::string::npos) return 0;
        const char* field = ::strcasestr(answer.c_str(), "\r\ncontent-length:");
        if (field == nullptr) throw std::runtime_error(name_ + " sends no Content-Length");
        return head_end + 4 + std::strtoul(field + 17, nullptr, 10);
    }

    void open(std::size_t index) {
        Client& client = clients_[index];
        client.fd = connect();
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        event.data.u32 = static_cast<std::uint32_t>(index);
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client.fd.get(), &event) != 0) fail("watch a connection");
    }

    // Servers may close what was idle while the others worked.
    void reopen_closed() {
        for (std::size_t i = 0; i < clients_.size(); ++i) {
            char byte;
            const UniqueFd& fd = clients_[i].fd;
            const bool alive = fd && ::recv(fd.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
            if (!alive) open(i);
        }
    }

    void ask(std::size_t index) {
        if (plan_.fresh) open(index);
        Client& client = clients_[index];
        client.missing = answer_bytes_ * plan_.depth;
        const ssize_t sent = ::send(client.fd.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
        if (sent != static_cast<ssize_t>(request_.size())) fail("send to " + name_);
        ++busy_;
    }

    void on_readable(std::size_t index, bool over, Work& done) {
        Client& client = clients_[index];
        char buffer[65536];
        for (;;) {
            const ssize_t got = ::recv(client.fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
            if (got < 0 && errno == EAGAIN) return;
            if (got > 0 && static_cast<std::size_t>(got) <= client.missing) {
                client.missing -= static_cast<std::size_t>(got);
            } else if (got != 0 || client.missing > 0) {
                throw std::runtime_error(name_ + (got > 0 ? " sends too much" : " closes early"));
            }
            // A connection of its own ends with the server's close, which is a part of the work.
            if (plan_.fresh ? got == 0 : client.missing == 0) break;
        }
        --busy_;
        done.requests += plan_.depth;
        if (plan_.fresh) client.fd.reset();
        if (!over) ask(index);
    }

    Plan plan_;
    std::string request_;
    std::string name_;
    sockaddr_in address_{};
    std::vector<UniqueFd> schedstats_;
    std::size_t answer_bytes_ = 0;
    UniqueFd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
    std::vector<Client> clients_;
    std::size_t busy_ = 0;
};

void print(const std::string& name, const Work& server, const Work& base) {
    std::printf("{\"name\":\"%s\",\"requests\":%lu,\"cpu_ns\":%llu,\"base_requests\":%lu,\"base_cpu_ns\":%llu}\n",
                name.c_str(), server.requests, server.cpu_ns, base.requests, base.cpu_ns);
    std::fflush(stdout);
}

void run(const Plan& plan, std::vector<std::unique_ptr<Server>>& servers) {
    for (auto& server : servers) server->work(plan.slice);  // warm up
    Server& base = *servers.front();
    const std::size_t others = servers.size() - 1;
    for (int round = 0; round < plan.rounds; ++round) {
        for (std::size_t turn = 0; turn < others; ++turn) {
            // Another order each round, so that no server always follows the same one.
            Server& server = *servers[1 + (turn + static_cast<std::size_t>(round)) % others];
            const Work before = base.work(plan.slice / 2);
            const Work work = server.work(plan.slice);
            const Work after = base.work(plan.slice / 2);
            print(server.name(), work, before + after);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 8) {
        std::fprintf(stderr, "usage: slices CONNECTIONS SLICE_MS ROUNDS DEPTH keep|new NAME:PORT:TID+TID…\n");
        return 2;
    }
    try {
        Plan plan;
        plan.connections = std::stoul(argv[1]);
        plan.slice = std::chrono::milliseconds(std::stol(argv[2]));
        plan.rounds = std::stoi(argv[3]);
        plan.depth = std::stoul(argv[4]);
        plan.fresh = std::string(argv[5]) == "new";
        std::vector<std::unique_ptr<Server>> servers;
        for (int i = 6; i < argc; ++i) servers.push_back(std::make_unique<Server>(argv[i], plan));
        run(plan, servers);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "slices: %s\n", error.what());
        return 1;
    }
    return 0;
}
