#include "tests/support/service_manager.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <sstream>

namespace girin::test {
namespace {

constexpr int kFirstSocket = 3;

bool has_line(const std::string& message, const std::string& line) {
    return ("\n" + message + "\n").find("\n" + line + "\n") != std::string::npos;
}

std::string value_in(const std::string& message, const std::string& variable) {
    std::istringstream lines(message);
    std::string value;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(variable + "=")) value = line.substr(variable.size() + 1);
    }
    return value;
}

std::vector<UniqueFd> descriptors_of(msghdr& header) {
    std::vector<UniqueFd> fds;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        std::vector<int> raw((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        std::memcpy(raw.data(), CMSG_DATA(part), raw.size() * sizeof(int));
        for (const int fd : raw) fds.emplace_back(fd);
    }
    return fds;
}

ino_t inode_of(int fd) {
    struct stat about {};
    return ::fstat(fd, &about) == 0 ? about.st_ino : 0;
}

}  // namespace

ServiceManager::ServiceManager(const TempDir& dir) : path_(dir / "notify") {
    socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("can't listen on " + path_);
    }
}

GirinCommand ServiceManager::command(GirinCommand command,
                                     const std::vector<std::pair<std::string, int>>& sockets) const {
    command.environment["NOTIFY_SOCKET"] = path_;
    if (sockets.empty()) return command;
    std::string names;
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        command.inherit.emplace_back(sockets[i].second, kFirstSocket + static_cast<int>(i));
        names += (i ? ":" : "") + sockets[i].first;
    }
    command.environment["LISTEN_FDS"] = std::to_string(sockets.size());
    command.environment["LISTEN_FDNAMES"] = names;
    // Only the process itself knows its pid before it becomes girin.
    const std::string program = command.program.empty() ? girin_binary() : command.program;
    command.args.insert(command.args.begin(), {"-c", "export LISTEN_PID=$$; exec \"$@\"", "sh", program});
    command.program = "/bin/sh";
    return command;
}

const std::vector<std::string>& ServiceManager::messages() {
    read_all();
    return messages_;
}

testing::AssertionResult ServiceManager::hears(const std::string& line, std::size_t from, milliseconds limit) {
    const auto heard = [&] {
        read_all();
        const auto begin = messages_.begin() + static_cast<std::ptrdiff_t>(std::min(from, messages_.size()));
        return std::any_of(begin, messages_.end(), [&](const std::string& message) { return has_line(message, line); });
    };
    auto result = eventually(limit, "'" + line + "'", heard);
    if (!result) result << "; the last message was '" << (messages_.empty() ? "" : messages_.back()) << "'";
    return result;
}

std::string ServiceManager::last(const std::string& variable) {
    std::string value;
    for (const std::string& message : messages()) {
        const std::string found = value_in(message, variable);
        if (!found.empty()) value = found;
    }
    return value;
}

std::size_t ServiceManager::count(const std::string& line) {
    const auto& all = messages();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [&](const std::string& message) { return has_line(message, line); }));
}

std::vector<std::pair<std::string, int>> ServiceManager::kept() {
    read_all();
    std::vector<std::pair<std::string, int>> all;
    for (const auto& [name, fd] : kept_) all.emplace_back(name, fd.get());
    return all;
}

void ServiceManager::read_all() {
    for (;;) {
        char text[4096];
        alignas(cmsghdr) char control[CMSG_SPACE(16 * sizeof(int))];
        iovec part{text, sizeof text};
        msghdr header{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        const ssize_t bytes = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
        if (bytes < 0) return;
        read_message(std::string(text, static_cast<std::size_t>(bytes)), descriptors_of(header));
    }
}

void ServiceManager::read_message(const std::string& text, std::vector<UniqueFd> fds) {
    messages_.push_back(text);
    const std::string name = value_in(text, "FDNAME");
    if (has_line(text, "FDSTOREREMOVE=1")) kept_.erase(name);
    if (!has_line(text, "FDSTORE=1")) return;
    for (UniqueFd& fd : fds) {
        const auto is_same = [&](const auto& entry) { return inode_of(entry.second.get()) == inode_of(fd.get()); };
        if (std::none_of(kept_.begin(), kept_.end(), is_same)) kept_.emplace(name, std::move(fd));
    }
}

}  // namespace girin::test
