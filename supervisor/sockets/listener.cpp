#include "supervisor/sockets/listener.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "supervisor/sockets/refusal.hpp"
#include "supervisor/sockets/socket_address.hpp"
#include "supervisor/sockets/steering.hpp"

namespace girin {
namespace {

Result<UniqueFd> make_socket(int family, const std::string& text) {
    UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return Error::from_errno(errno, "open socket for", text);
    return fd;
}

Result<void> set_on(int fd, int level, int option, const std::string& text) {
    const int on = 1;
    if (::setsockopt(fd, level, option, &on, sizeof on) != 0) {
        return Error::from_errno(errno, "set up socket for", text);
    }
    return {};
}

Result<void> start_listening(int fd, int backlog, const std::string& text) {
    if (::listen(fd, backlog) != 0) return Error::from_errno(errno, "listen on", text);
    return {};
}

/// A bound and listening TCP socket. With `joins` it shares its address with sockets that allow it.
Result<UniqueFd> listen_tcp(const SocketAddress& address, const ListenOptions& options, bool joins) {
    const std::string text = address.to_text();
    auto fd = make_socket(address.family(), text);
    if (!fd) return fd.error();
    if (auto set = set_on(fd->get(), SOL_SOCKET, SO_REUSEADDR, text); !set) return set.error();
    if (joins) {
        if (auto set = set_on(fd->get(), SOL_SOCKET, SO_REUSEPORT, text); !set) return set.error();
    }
    if (options.v6_only && address.family() == AF_INET6) {
        if (auto set = set_on(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY, text); !set) return set.error();
    }
    if (::bind(fd->get(), address.generic(), address.bytes) != 0) return Error::from_errno(errno, "bind", text);
    if (auto listening = start_listening(fd->get(), options.backlog, text); !listening) return listening.error();
    return fd;
}

int option_of(int fd, int option) {
    int value = -1;
    socklen_t bytes = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, option, &value, &bytes) == 0 ? value : -1;
}

bool is_shut_down(int fd) {
    pollfd look = {fd, POLLRDHUP, 0};
    return ::poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP)) != 0;
}

/// The kernel does that for TCP. Once shut down, a socket gets no more of them, and doesn't block.
void turn_away_queued(int fd) {
    while (UniqueFd(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC))) continue;
}

Result<void> give_file_to(const SocketFile& file, const Identity& owner) {
    if (::geteuid() != 0 || (!owner.changes_user() && !owner.changes_group())) return {};
    return file.give_to(owner.uid, owner.gid);
}

}  // namespace

Result<Listener> Listener::open(const BindAddress& address, const ListenOptions& options) {
    auto handed = take_handed(address, options);
    if (!handed) return handed.error();
    if (*handed) return std::move(**handed);
    switch (address.kind) {
        case BindAddress::Kind::unix_socket: return open_unix(address, options);
        case BindAddress::Kind::inherited: return take_inherited(address);
        case BindAddress::Kind::tcp: break;
    }
    return open_tcp(address, options);
}

Result<Listener> Listener::open_tcp(const BindAddress& address, const ListenOptions& options) {
    const auto wanted = resolve_blocking(address.host, address.port);
    if (!wanted) return wanted.error();
    // The first socket doesn't share, so that the kernel refuses it where anybody else listens, sharing or not. Only
    // when it listens does it let others join: those are ours.
    auto first = listen_tcp(*wanted, options, false);
    if (!first) return first.error();
    const auto bound = local_address(first->get());
    if (!bound) return bound.error();
    Listener listener;
    listener.address_ = address;
    listener.text_ = bound->to_text();
    listener.bound_ = *bound;
    listener.has_lanes_ = options.reuse_port;
    if (options.reuse_port) {
        if (auto set = set_on(first->get(), SOL_SOCKET, SO_REUSEPORT, listener.text_); !set) return set.error();
    }
    listener.sockets_.push_back(std::move(*first));
    if (auto wide = listener.widen(options.lanes, options); !wide) return wide.error();
    return listener;
}

Result<Listener> Listener::open_unix(const BindAddress& address, const ListenOptions& options) {
    const std::string text = "unix:" + address.path;
    auto fd = make_socket(AF_UNIX, text);
    if (!fd) return fd.error();
    Listener listener;
    auto file = SocketFile::bind(fd->get(), address.path, options.socket_owner.uid);
    if (!file) return file.error();
    listener.file_ = std::move(*file);
    if (auto given = give_file_to(listener.file_, options.socket_owner); !given) return given.error();
    if (auto listening = start_listening(fd->get(), options.backlog, text); !listening) return listening.error();
    listener.address_ = address;
    listener.text_ = text;
    listener.is_unix_ = true;
    listener.sockets_.push_back(std::move(*fd));
    return listener;
}

Result<Listener> Listener::take_inherited(const BindAddress& address) {
    const std::string name = "fd://" + std::to_string(address.fd);
    auto fd = duplicate(address.fd);
    if (!fd) return Error::from_errno(fd.error().errno_value(), "bind", name);
    const bool listens = option_of(fd->get(), SO_ACCEPTCONN) == 1 && option_of(fd->get(), SO_TYPE) == SOCK_STREAM;
    if (!listens) return Error("bind " + name + ": not a listening stream socket");
    if (auto set = set_nonblocking(fd->get()); !set) return set.error();
    ::fcntl(address.fd, F_SETFD, FD_CLOEXEC);  // stays open, for a later reload; but isn't for programs we start
    const auto bound = local_address(fd->get());
    if (!bound) return bound.error();
    Listener listener;
    listener.address_ = address;
    listener.text_ = bound->to_text();
    listener.bound_ = *bound;
    listener.is_unix_ = bound->family() == AF_UNIX;
    listener.foreign_ = true;
    listener.sockets_.push_back(std::move(*fd));
    return listener;
}

Result<std::optional<Listener>> Listener::take_handed(const BindAddress& address, const ListenOptions& options) {
    std::optional<Listener> listener;
    if (!options.handed || options.handed->empty()) return listener;
    std::optional<SocketAddress> resolved;
    if (address.kind == BindAddress::Kind::tcp) {
        const auto found = resolve_blocking(address.host, address.port);
        if (!found) return found.error();
        resolved = *found;
    }
    std::vector<HandedSocket> sockets = options.handed->take(address, resolved ? &*resolved : nullptr);
    if (sockets.empty()) return listener;
    listener.emplace();
    listener->address_ = address;
    if (auto adopted = listener->adopt(std::move(sockets), options); !adopted) return adopted.error();
    return listener;
}

Result<void> Listener::adopt(std::vector<HandedSocket> handed, const ListenOptions& options) {
    const HandedSocket& first = handed.front();
    text_ = first.address.to_text();
    bound_ = first.address;
    is_unix_ = first.address.family() == AF_UNIX;
    foreign_ = first.foreign;
    has_lanes_ = !is_unix_ && !foreign_ && options.reuse_port;
    if (first.file_inode != 0) file_ = SocketFile::adopt(address_.path, first.file_device, first.file_inode);
    if (!options.on_trial) file_.claim();
    if (has_lanes_) {
        if (auto set = set_on(first.fd.get(), SOL_SOCKET, SO_REUSEPORT, text_); !set) return set.error();
    }
    for (HandedSocket& socket : handed) {
        if (!foreign_) ::listen(socket.fd.get(), options.backlog);  // it listens already: only the backlog may change
        const std::size_t wanted = has_lanes_ ? options.lanes : 1;
        (sockets_.size() < wanted ? sockets_ : surplus_).push_back(std::move(socket.fd));
    }
    return options.on_trial ? Result<void>() : widen(options.lanes, options);
}

std::vector<int> Listener::descriptors() const {
    std::vector<int> fds;
    for (const UniqueFd& socket : sockets_) fds.push_back(socket.get());
    for (const UniqueFd& socket : surplus_) fds.push_back(socket.get());
    return fds;
}

Result<Listener> Listener::share(const ListenOptions& options) const {
    Listener copy;
    copy.address_ = address_;
    copy.text_ = text_;
    copy.bound_ = bound_;
    copy.is_unix_ = is_unix_;
    copy.has_lanes_ = has_lanes_;
    copy.foreign_ = foreign_;
    for (const int socket : descriptors()) {
        auto duplicated = duplicate(socket);
        if (!duplicated) return duplicated.error();
        if (!foreign_) ::listen(duplicated->get(), options.backlog);
        (copy.sockets_.size() < sockets_.size() ? copy.sockets_ : copy.surplus_).push_back(std::move(*duplicated));
    }
    if (auto wide = copy.widen(options.lanes, options); !wide) return wide.error();
    return copy;
}

Result<void> Listener::widen(std::size_t count, const ListenOptions& options) {
    while (has_lanes_ && sockets_.size() < count) {
        if (!surplus_.empty()) {
            sockets_.push_back(std::move(surplus_.front()));
            surplus_.erase(surplus_.begin());
            continue;
        }
        const auto address = local_address(sockets_.front().get());
        if (!address) return address.error();
        auto socket = listen_tcp(*address, options, true);
        if (!socket) return socket.error();
        sockets_.push_back(std::move(*socket));
    }
    return {};
}

Result<void> Listener::steer(const std::vector<bool>& live) {
    if (!has_lanes_) return {};
    std::vector<bool> marks = live;
    marks.resize(sockets_.size(), false);
    return steer_reuse_port_group(sockets_.front().get(), marks);
}

Result<ListenedAgain> Listener::listen_again(const ListenOptions& options, bool may_replace) {
    if (is_unix_) return replace_if_shut_down(options, may_replace);
    ListenedAgain done = ListenedAgain::not_needed;
    for (const int socket : descriptors()) {
        if (option_of(socket, SO_ACCEPTCONN) != 0) continue;
        // A port that the kernel had chosen is given back by the shutdown; EINVAL: it is bound still.
        const bool bound = ::bind(socket, bound_.generic(), bound_.bytes) == 0 || errno == EINVAL;
        if (!bound) return Error::from_errno(errno, "bind", text_);
        if (auto listening = start_listening(socket, options.backlog, text_); !listening) return listening.error();
        done = ListenedAgain::same_sockets;
    }
    return done;
}

Result<ListenedAgain> Listener::replace_if_shut_down(const ListenOptions& options, bool may_replace) {
    if (!is_shut_down(sockets_.front().get())) return ListenedAgain::not_needed;
    if (foreign_) return Error(text_ + ": a Unix socket can't listen again, and this one was inherited");
    if (!may_replace) return Error(text_ + ": it is opened anew when the upgrade or reload is over");
    BindAddress where = address_;
    where.path = file_.path();  // whatever directory is the current one by now
    auto anew = open_unix(where, options);
    if (!anew) return anew.error();
    sockets_ = std::move(anew->sockets_);
    file_ = std::move(anew->file_);
    return ListenedAgain::new_sockets;
}

Result<void> Listener::refuse_new() {
    file_.remove();
    if (foreign_ || is_unix_) return {};
    Result<void> result;
    for (const int socket : descriptors()) {
        if (auto refused = drop_connection_attempts(socket); !refused) result = refused.error().within(text_);
    }
    return result;
}

void Listener::shut_down() {
    if (foreign_) return;
    for (const int socket : descriptors()) {
        ::shutdown(socket, SHUT_RDWR);
        if (is_unix_) turn_away_queued(socket);
    }
}

void Listener::keep_lane(std::size_t lane) {
    std::swap(sockets_[0], sockets_[lane % sockets_.size()]);
    sockets_.resize(1);
}

std::vector<ListenerSocket> Listener::sockets(std::size_t lane) const {
    std::vector<ListenerSocket> sockets;
    sockets.emplace_back(sockets_[lane % sockets_.size()].get(), text_, is_unix_, foreign_);
    for (const UniqueFd& socket : surplus_) sockets.emplace_back(socket.get(), text_, is_unix_, foreign_);
    return sockets;
}

}  // namespace girin
