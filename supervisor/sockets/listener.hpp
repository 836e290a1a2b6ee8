#pragma once

// One address that the master listens on: one socket that all workers share, or, with --reuse-port, one a lane. A
// lane is a queue of its own in the kernel that one worker at a time serves. Not here: the set of all addresses
// (listeners.hpp).

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "girin/base/unique_fd.hpp"
#include "supervisor/process/privileges.hpp"
#include "supervisor/settings/bind_address.hpp"
#include "supervisor/sockets/handed_sockets.hpp"
#include "supervisor/sockets/socket_address.hpp"
#include "supervisor/sockets/socket_file.hpp"
#include "worker/process/listener_socket.hpp"

namespace girin {

struct ListenOptions {
    int backlog = 2048;
    bool reuse_port = false;
    std::size_t lanes = 1;  // with reuse_port: how many sockets a TCP address has
    bool v6_only = false;   // an IPv6 address doesn't take IPv4 connections too
    Identity socket_owner;  // who a Unix socket's file is given to, when we are root
    HandedSockets* handed = nullptr;  // sockets to take before any is opened; borrowed while opening
    bool on_trial = false;  // a predecessor still serves what was handed over: no lanes are added that only we serve

    ListenOptions() {}
};

/// What Listener::listen_again() had to do: nothing, or have sockets of all listen again, or open new ones.
enum class ListenedAgain { not_needed, same_sockets, new_sockets };

class Listener {
  public:
    /// Binds and listens. Errors: as the kernel gives them, told as "bind 0.0.0.0:80: permission denied". Another
    /// server on the address is an error also when both want to share it by reuse_port: only one master may. Blocks
    /// for as long as looking up a host *name* takes; addresses take no time.
    static Result<Listener> open(const BindAddress& address, const ListenOptions& options);

    /// The same sockets once more, for a new generation that keeps the address; with the new backlog. The Unix
    /// socket's file stays with the original until take_file_of(). Errors: no more descriptors.
    Result<Listener> share(const ListenOptions& options) const;
    void take_file_of(Listener& predecessor) { file_ = std::move(predecessor.file_); }

    const BindAddress& address() const { return address_; }
    /// Somebody else has the sockets too, and may go on listening with them: they were inherited, not opened.
    bool is_foreign() const { return foreign_; }
    /// Of all lanes, in order. Borrowed from this.
    std::vector<int> descriptors() const;
    const SocketFile& file() const { return file_; }
    /// The Unix socket's file is somebody else's to remove from now on; ours.
    void leave_file() { file_.forget(); }
    void claim_file() { file_.claim(); }
    /// With the real port: "127.0.0.1:41234", "unix:/run/shop.sock".
    const std::string& text() const { return text_; }
    bool is_unix() const { return is_unix_; }

    std::size_t lanes() const { return sockets_.size(); }
    /// Opens more lanes, so that there are at least `count`; nothing for an address without lanes.
    Result<void> widen(std::size_t count, const ListenOptions& options);
    /// New connections go only to the lanes marked in `live`; the others keep what they have queued. All or none
    /// marked: to every lane. For an address without lanes: nothing. Errors: the kernel knows no such filter.
    Result<void> steer(const std::vector<bool>& live);

    /// Whoever has a socket can stop it for all by shutdown(). Has those of TCP listen again, at the same address. A Unix
    /// socket can't: with `may_replace` it is closed, and another opened at its path as at a start, which those who have
    /// copies don't know. Errors: the address is taken meanwhile; a Unix socket that was inherited, or may not be replaced.
    Result<ListenedAgain> listen_again(const ListenOptions& options, bool may_replace);

    /// Takes nobody new, for a server that stops; what is queued stays to be accepted. An inherited socket goes on
    /// as it is: it isn't ours alone, and whoever else has it may keep its queue for our successor. Errors: the
    /// kernel knows no such filter.
    Result<void> refuse_new();

    /// For a server that has stopped: nobody listens with these sockets any more, whoever has copies of them (a process
    /// that a handler forked), and who is queued still is turned away. An inherited socket goes on as it is.
    void shut_down();

    /// For a worker: closes its copies of all lanes but one, so that only what `sockets(0)` says is left.
    void keep_lane(std::size_t lane);
    /// What a worker of this lane serves. Borrowed from this. Modulo the number of lanes, so any `lane` is fine.
    std::vector<ListenerSocket> sockets(std::size_t lane) const;

  private:
    static Result<Listener> open_tcp(const BindAddress& address, const ListenOptions& options);
    static Result<Listener> open_unix(const BindAddress& address, const ListenOptions& options);
    static Result<Listener> take_inherited(const BindAddress& address);
    /// Empty: nobody handed over such a socket.
    static Result<std::optional<Listener>> take_handed(const BindAddress& address, const ListenOptions& options);
    Result<void> adopt(std::vector<HandedSocket> handed, const ListenOptions& options);
    Result<ListenedAgain> replace_if_shut_down(const ListenOptions& options, bool may_replace);

    BindAddress address_;
    std::string text_;
    SocketAddress bound_;
    bool is_unix_ = false;
    bool has_lanes_ = false;
    bool foreign_ = false;
    std::vector<UniqueFd> sockets_;  // never empty in an open listener
    std::vector<UniqueFd> surplus_;  // lanes handed over beyond those wanted: shared by all, for what they have queued
    SocketFile file_;
};

}  // namespace girin
