#include "supervisor/sockets/handed_sockets.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "supervisor/sockets/listening_name.hpp"

namespace girin {
namespace {

std::optional<int> option_of(int fd, int option) {
    int value = 0;
    socklen_t bytes = sizeof value;
    if (::getsockopt(fd, SOL_SOCKET, option, &value, &bytes) != 0) return std::nullopt;
    return value;
}

/// The port lies at the same place in both of TCP's addresses.
std::uint16_t port_of(const SocketAddress& address) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(address.storage).sin_port);
}

bool is_bound_to(const SocketAddress& bound, const SocketAddress& wanted) {
    if (bound.family() != wanted.family()) return false;
    if (bound.family() == AF_UNIX) return bound.to_text() == wanted.to_text();
    return bound.host() == wanted.host() && (port_of(wanted) == 0 || port_of(bound) == port_of(wanted));
}

/// A manager keeps a Unix socket over a stop too, by which its file has gone: nobody would find it.
bool has_lost_its_file(int fd, const ListeningName& name) {
    const auto address = local_address(fd);
    if (name.inode == 0 || !address || address->family() != AF_UNIX) return false;
    const std::string path = address->to_text().substr(std::string_view("unix:").size());
    return !SocketFile::adopt(path, name.device, name.inode).is_there();
}

Result<void> check_listening(const HandedSocket& socket, const std::string& name) {
    const bool is_stream = option_of(socket.fd.get(), SO_TYPE) == SOCK_STREAM;
    const bool listens = option_of(socket.fd.get(), SO_ACCEPTCONN) == 1;
    if (!is_stream || !listens) return Error("descriptor " + name + ": handed over, but not a listening stream socket");
    return {};
}

}  // namespace

Result<void> HandedSockets::add(HandedSocket socket) {
    const std::string name = std::to_string(socket.fd.get());
    if (auto listening = check_listening(socket, name); !listening) return listening.error();
    if (::fcntl(socket.fd.get(), F_SETFD, FD_CLOEXEC) != 0) return Error::from_errno(errno, "take descriptor", name);
    if (auto set = set_nonblocking(socket.fd.get()); !set) return set.error();
    auto address = local_address(socket.fd.get());
    if (!address) return address.error();
    socket.address = *address;
    if (has(socket.fd.get())) return {};  // a manager may have kept it twice
    // A predecessor that stopped may have told the kernel to drop newcomers.
    const int off = 0;
    if (!socket.foreign) ::setsockopt(socket.fd.get(), SOL_SOCKET, SO_DETACH_FILTER, &off, sizeof off);
    sockets_.push_back(std::move(socket));
    return {};
}

bool HandedSockets::has(int fd) const {
    struct stat wanted {};
    if (::fstat(fd, &wanted) != 0) return false;
    return std::ranges::any_of(sockets_, [&](const HandedSocket& socket) {
        struct stat own {};
        return ::fstat(socket.fd.get(), &own) == 0 && own.st_ino == wanted.st_ino && own.st_dev == wanted.st_dev;
    });
}

std::vector<HandedSocket> HandedSockets::take(const BindAddress& address, const SocketAddress* resolved) {
    const std::string text = address.to_text();
    auto first = std::ranges::find(sockets_, text, &HandedSocket::bind);
    if (first == sockets_.end()) {
        first = std::ranges::find_if(sockets_, [&](const HandedSocket& socket) {
            return resolved ? is_bound_to(socket.address, *resolved) : socket.address.to_text() == text;
        });
    }
    std::vector<HandedSocket> taken;
    if (first == sockets_.end()) return taken;
    const SocketAddress bound = first->address;  // with port 0 in the settings: the lanes of one port only
    for (HandedSocket& socket : sockets_) {
        if (is_bound_to(socket.address, bound)) taken.push_back(std::move(socket));
    }
    std::erase_if(sockets_, [](const HandedSocket& socket) { return !socket.fd; });
    std::ranges::sort(taken, {}, [](const HandedSocket& socket) { return std::pair(socket.lane, socket.fd.get()); });
    return taken;
}

std::vector<BindAddress> HandedSockets::own_addresses() const {
    std::vector<BindAddress> addresses;
    for (const HandedSocket& socket : sockets_) {
        auto address = parse_bind_address(socket.bind);
        const bool is_descriptor = address && address->kind == BindAddress::Kind::inherited;
        if (is_descriptor && std::ranges::find(addresses, *address) == addresses.end()) addresses.push_back(*address);
    }
    return addresses;
}

std::vector<std::string> HandedSockets::left() const {
    std::vector<std::string> texts;
    for (const HandedSocket& socket : sockets_) texts.push_back(socket.address.to_text());
    return texts;
}

std::vector<SocketFile> HandedSockets::left_files() const {
    std::vector<SocketFile> files;
    for (const HandedSocket& socket : sockets_) {
        const auto bind = parse_bind_address(socket.bind);
        const bool has_path = bind && bind->kind == BindAddress::Kind::unix_socket && socket.file_inode != 0;
        if (has_path) files.push_back(SocketFile::adopt(bind->path, socket.file_device, socket.file_inode));
    }
    return files;
}

Result<HandedSockets> take_activated_sockets(int first, std::size_t count, const std::vector<std::string>& names) {
    HandedSockets sockets;
    for (std::size_t i = 0; i < count; ++i) {
        const int fd = first + static_cast<int>(i);
        const auto name = i < names.size() ? parse_listening_name(names[i]) : std::nullopt;
        const ListeningName own = name.value_or(ListeningName());
        HandedSocket socket;
        socket.fd.reset(fd);
        socket.foreign = !name;
        if (!name) socket.bind = BindAddress::inherited(fd).to_text();
        if (name && has_lost_its_file(fd, own)) {
            ::shutdown(fd, SHUT_RDWR);  // which has the manager let go of it
            continue;
        }
        socket.lane = own.lane;
        socket.file_device = own.device;
        socket.file_inode = own.inode;
        if (auto added = sockets.add(std::move(socket)); !added) return added.error();
    }
    return sockets;
}

}  // namespace girin
