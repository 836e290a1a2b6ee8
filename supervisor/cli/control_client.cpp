#include "supervisor/cli/control_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include "girin/base/unique_fd.hpp"
#include "supervisor/control/control_socket.hpp"

namespace girin {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr std::size_t kMostReplyBytes = 64 * 1024 * 1024;
constexpr milliseconds kGlanceLimit{2'000};  // for a server's first sign of life
constexpr milliseconds kBetweenWords{1'000};

using Deadline = std::optional<std::chrono::steady_clock::time_point>;

/// Never more than the limit for the whole, however the server spreads its answer.
milliseconds time_left(Deadline deadline) {
    const auto left = std::chrono::ceil<milliseconds>(*deadline - std::chrono::steady_clock::now());
    return std::max(left, milliseconds(0));
}

void limit_sending(int fd, milliseconds limit) {
    const timeval time{limit.count() / 1000, static_cast<suseconds_t>(limit.count() % 1000 * 1000)};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);  // for connect(), which waits for a full queue, too
}

Result<UniqueFd> connect_blocking(const std::string& path, std::optional<milliseconds> limit) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return Error("connect to " + path + ": the path is too long");
    std::memcpy(address.sun_path, path.c_str(), path.size());
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    if (fd && limit) limit_sending(fd.get(), *limit);
    if (!fd || ::connect(fd.get(), generic, sizeof address) != 0) return Error::from_errno(errno, "connect to", path);
    return fd;
}

Result<void> send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) return Error::from_errno(errno, "send the request");
        if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

struct Bytes {
    std::string text;
};

/// What there is to be said while nothing comes is said once a second.
void wait_for_first(int fd, const std::function<void()>& while_waiting) {
    pollfd ready{fd, POLLIN, 0};
    while (::poll(&ready, 1, static_cast<int>(kBetweenWords.count())) == 0) while_waiting();
}

Result<Bytes> receive_all(int fd, std::optional<milliseconds> limit, Deadline deadline) {
    Bytes all;
    char buffer[16 * 1024];
    for (;;) {
        pollfd ready{fd, POLLIN, 0};
        const int polled = ::poll(&ready, 1, deadline ? static_cast<int>(time_left(deadline).count()) : -1);
        if (polled == 0) return Error("no answer within " + std::to_string(limit->count()) + " ms");
        const ssize_t count = polled < 0 ? -1 : ::recv(fd, buffer, sizeof buffer, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return Error::from_errno(errno, "receive the answer");
        if (count == 0) return all;
        all.text.append(buffer, static_cast<std::size_t>(count));
        if (all.text.size() > kMostReplyBytes) return Error("the answer is too long");
    }
}

/// "HTTP/1.1 200 OK …", up to the end of the connection.
Result<ControlReply> parse_reply(const std::string& text) {
    constexpr std::string_view kLength = "Content-Length: ";
    constexpr std::size_t kStatusAt = std::string_view("HTTP/1.1 ").size();
    const std::size_t head = text.find("\r\n\r\n");
    const std::size_t length_at = text.find(kLength);
    if (head == text.npos || length_at == text.npos || length_at > head) {
        return Error("the server has ended the connection before its answer");
    }
    ControlReply reply;
    std::size_t length = 0;
    std::from_chars(text.data() + kStatusAt, text.data() + kStatusAt + 3, reply.status);
    std::from_chars(text.data() + length_at + kLength.size(), text.data() + head, length);
    reply.body = text.substr(head + 4);
    if (reply.body.size() != length) return Error("the server has ended the connection within its answer");
    return reply;
}

/// What a server says of itself; nothing when nobody listens, or doesn't answer.
std::optional<json::object> glance(const std::string& path) {
    const auto reply = ask_blocking(path, "GET", "/v1/status", {}, kGlanceLimit);
    boost::system::error_code error;
    if (!reply || reply->status != 200) return std::nullopt;
    const json::value status = json::parse(reply->body, error);
    return error || !status.is_object() ? std::nullopt : std::optional<json::object>(status.get_object());
}

struct Candidate {
    std::string path;
    std::string name;
    std::int64_t pid = 0;
};

std::vector<Candidate> find_candidates() {
    std::vector<Candidate> found;
    for (const std::string& path : find_control_sockets()) {
        const auto status = glance(path);
        if (!status) continue;
        Candidate candidate;
        candidate.path = path;
        if (const auto* name = status->if_contains("name"); name && name->is_string()) candidate.name = name->as_string();
        if (const auto* pid = status->if_contains("pid"); pid && pid->is_int64()) candidate.pid = pid->as_int64();
        found.push_back(std::move(candidate));
    }
    return found;
}

/// Errors: there is no such file, or no process id in it.
Result<std::int64_t> read_pidfile(const std::string& path) {
    std::int64_t pid = 0;
    errno = 0;
    std::ifstream file(path);
    if (!file.is_open() && errno == ENOENT) {
        return Error("read the pidfile " + path + ": no such file, so no server runs with it");
    }
    if (!file.is_open()) return Error::from_errno(errno, "read the pidfile", path);
    if (!(file >> pid)) return Error("read the pidfile " + path + ": there is no process id in it");
    return pid;
}

/// What was asked for and isn't there: " named 'shop'"; empty: any server would have done.
std::string wanted_words(const ServerChoice& choice, std::int64_t pid) {
    std::string words = choice.name.empty() ? "" : " named '" + choice.name + "'";
    if (pid != 0) words += " of process " + std::to_string(pid) + " (" + choice.pidfile + ")";
    return words;
}

Error too_many(const std::vector<Candidate>& found) {
    std::string text = "several servers run; choose one by --control-socket, -n or -p:";
    for (const Candidate& one : found) {
        text += "\n  " + one.path + " (pid " + std::to_string(one.pid) + (one.name.empty() ? "" : ", " + one.name) + ")";
    }
    return Error(text);
}

}  // namespace

Result<ControlReply> ask_blocking(const std::string& socket_path, const std::string& method, const std::string& target,
                                  const std::string& body, std::optional<milliseconds> limit,
                                  const std::function<void()>& while_waiting) {
    Deadline deadline;
    if (limit) deadline = std::chrono::steady_clock::now() + *limit;
    const auto fd = connect_blocking(socket_path, limit);
    if (!fd) return fd.error();
    std::string request = method + " " + target + " HTTP/1.1\r\nHost: girin\r\nConnection: close\r\n";
    if (method == "POST") {
        request += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    }
    request += "\r\n" + body;
    if (auto sent = send_all(fd->get(), request); !sent) return sent.error();
    if (while_waiting) wait_for_first(fd->get(), while_waiting);
    const auto answer = receive_all(fd->get(), limit, deadline);
    if (!answer) return answer.error();
    return parse_reply(answer->text);
}

Result<ServerPath> find_server_blocking(const ServerChoice& choice) {
    if (!choice.socket_path.empty()) return ServerPath{choice.socket_path};
    std::int64_t pid = 0;
    if (!choice.pidfile.empty()) {
        const auto read = read_pidfile(choice.pidfile);
        if (!read) return read.error();
        pid = *read;
    }
    std::vector<Candidate> found = find_candidates();
    std::erase_if(found, [&](const Candidate& one) {
        return (!choice.name.empty() && one.name != choice.name) || (pid != 0 && one.pid != pid);
    });
    if (found.size() == 1) return ServerPath{found.front().path};
    if (found.size() > 1) return too_many(found);
    std::string places;
    for (const std::string& directory : control_directories()) places += (places.empty() ? "" : ", ") + directory;
    const std::string wanted = wanted_words(choice, pid);
    if (!wanted.empty()) return Error("no such server runs, or none that we may ask: there is none" + wanted + " in " + places);
    return Error("no such server runs, or none that we may ask: there is no live socket in " + places);
}

}  // namespace girin
