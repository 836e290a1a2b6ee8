#include "tests/load/misbehaving_server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

namespace girin::load {
namespace {

struct Client {
    UniqueFd fd;
    std::string received;
    bool deaf = false;
};

enum class Then { keep, close, reset };

struct Behaviour {
    std::string answer;
    Then then;
};

std::string whole(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::map<std::string, Behaviour>& behaviours() {
    static const std::string part = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
    static const std::map<std::string, Behaviour> table = {
        {"/ok", {whole("200 OK", "fine"), Then::keep}},
        {"/ok-then-close", {whole("200 OK", "fine"), Then::close}},
        {"/ok-then-deaf", {whole("200 OK", "fine"), Then::keep}},
        {"/reset", {"", Then::reset}},
        {"/close", {"", Then::close}},
        {"/reset-mid", {part, Then::reset}},
        {"/short", {part, Then::close}},
        {"/half-head", {"HTTP/1.1 200 OK\r\nConte", Then::close}},
        {"/500", {whole("500 Internal Server Error", "sorry"), Then::keep}},
        {"/404", {whole("404 Not Found", "nothing"), Then::keep}},
        {"/wrong", {whole("200 OK", "FINE"), Then::keep}},
        {"/beginning", {whole("200 OK", "fi"), Then::keep}},
        {"/silent", {"", Then::keep}},
        {"/garbage", {"SSH-2.0\r\n", Then::keep}},
        {"/extra", {whole("200 OK", "fine") + "x", Then::keep}},
    };
    return table;
}

std::string target_of(const std::string& request) {
    const auto start = request.find(' ') + 1;
    return request.substr(start, request.find(' ', start) - start);
}

void end(Client& client, Then how) {
    const linger at_once{1, 0};
    if (how == Then::reset) ::setsockopt(client.fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    client.fd.reset();
}

void on_request(Client& client, const std::string& request) {
    if (client.deaf) return end(client, Then::close);
    const Behaviour& behaviour = behaviours().at(target_of(request));
    client.deaf = target_of(request) == "/ok-then-deaf";
    const auto& answer = behaviour.answer;
    if (!answer.empty() && ::send(client.fd.get(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
        return end(client, Then::close);
    }
    const bool asked_to_close = request.find("Connection: close") != std::string::npos && !answer.empty();
    if (behaviour.then != Then::keep || asked_to_close) end(client, behaviour.then);
}

void on_readable(Client& client) {
    char buffer[4096];
    const ssize_t got = ::recv(client.fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (got <= 0) return client.fd.reset();
    client.received.append(buffer, static_cast<std::size_t>(got));
    const auto end_of_head = client.received.find("\r\n\r\n");
    if (end_of_head == std::string::npos) return;
    const std::string request = client.received.substr(0, end_of_head);
    client.received.erase(0, end_of_head + 4);
    on_request(client, request);
}

}  // namespace

MisbehavingServer::MisbehavingServer(test::Endpoint endpoint)
    : endpoint_(std::move(endpoint)),
      listener_(test::listen_on(endpoint_).value()),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {}

MisbehavingServer::~MisbehavingServer() {
    stopping_ = true;
    const std::uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof one) > 0) thread_.join();
}

void MisbehavingServer::run() {
    std::vector<Client> clients;
    while (!stopping_) {
        std::vector<pollfd> sockets = {{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
        for (const Client& client : clients) sockets.push_back({client.fd.get(), POLLIN, 0});
        ::poll(sockets.data(), sockets.size(), -1);
        for (std::size_t i = 0; i < clients.size(); ++i) {
            if (sockets[i + 2].revents != 0) on_readable(clients[i]);
        }
        std::erase_if(clients, [](const Client& client) { return !client.fd; });
        if (sockets[1].revents == 0) continue;
        UniqueFd accepted(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (accepted) clients.push_back({std::move(accepted), {}, false});
    }
}

}  // namespace girin::load
