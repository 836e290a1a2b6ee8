#include "supervisor/sockets/listeners.hpp"

#include <algorithm>

#include "girin/log.hpp"

namespace girin {
namespace {

bool is_v6(const BindAddress& address) { return address.host.find(':') != std::string::npos; }

/// "[::]:80" takes IPv4 connections too, unless "0.0.0.0:80" or its like is asked for beside it.
bool has_v4_neighbour(const BindAddress& address, const std::vector<BindAddress>& all) {
    return address.kind == BindAddress::Kind::tcp && std::ranges::any_of(all, [&](const BindAddress& other) {
        return other.kind == BindAddress::Kind::tcp && other.port == address.port && !is_v6(other);
    });
}

}  // namespace

Result<ListenerSet> ListenerSet::open(const std::vector<BindAddress>& addresses, const ListenOptions& options,
                                      const ListenerSet* running) {
    ListenerSet set;
    set.options_ = options;
    for (const BindAddress& address : addresses) {
        const Listener* shared = running ? running->find(address) : nullptr;
        ListenOptions own = options;
        own.v6_only = has_v4_neighbour(address, addresses);
        auto listener = shared ? shared->share(own) : Listener::open(address, own);
        if (!listener) return listener.error();
        set.listeners_.push_back(std::move(*listener));
    }
    set.options_.handed = nullptr;
    set.options_.on_trial = false;
    return set;
}

void ListenerSet::succeed(ListenerSet& predecessor) {
    for (Listener& old : predecessor.listeners_) {
        const auto same = std::ranges::find(listeners_, old.address(), &Listener::address);
        if (same != listeners_.end()) same->take_file_of(old);
    }
}

std::vector<ListenerSocket> ListenerSet::sockets(std::size_t lane) const {
    std::vector<ListenerSocket> sockets;
    for (const Listener& listener : listeners_) {
        for (ListenerSocket& socket : listener.sockets(lane)) sockets.push_back(std::move(socket));
    }
    return sockets;
}

void ListenerSet::keep_lane(std::size_t lane) {
    for (Listener& listener : listeners_) listener.keep_lane(lane);
}

Result<void> ListenerSet::widen(std::size_t lanes) {
    for (Listener& listener : listeners_) {
        if (auto wide = listener.widen(lanes, options_); !wide) return wide.error();
    }
    return {};
}

Result<void> ListenerSet::steer(const std::vector<bool>& live) {
    Result<void> result;
    for (Listener& listener : listeners_) {
        if (auto steered = listener.steer(live); !steered) result = steered;
    }
    return result;
}

Result<void> ListenerSet::refuse_new() {
    Result<void> result;
    for (Listener& listener : listeners_) {
        if (auto refused = listener.refuse_new(); !refused) result = refused;
    }
    return result;
}

void ListenerSet::shut_down() {
    for (Listener& listener : listeners_) listener.shut_down();
}

bool ListenerSet::listen_again(bool may_replace) {
    constexpr const char* kHow = ": a worker, or a program of --exec, has shut it down for all";
    bool some_are_new = false;
    std::string deaf;
    for (Listener& listener : listeners_) {
        const auto again = listener.listen_again(options_, may_replace);
        if (again && *again != ListenedAgain::not_needed) log_error("Listens again at " + listener.text() + kHow);
        some_are_new = some_are_new || (again && *again == ListenedAgain::new_sockets);
        if (again) continue;
        if (deaf_.empty()) log_error("Nobody can connect to " + listener.text() + kHow, {{"why", again.error().message()}});
        deaf = "nobody can connect to " + listener.text();
    }
    deaf_ = std::move(deaf);
    return some_are_new;
}

void ListenerSet::leave_files() {
    for (Listener& listener : listeners_) listener.leave_file();
}

void ListenerSet::claim_files() {
    for (Listener& listener : listeners_) listener.claim_file();
}

const Listener* ListenerSet::find(const BindAddress& address) const {
    const auto found = std::ranges::find(listeners_, address, &Listener::address);
    return found == listeners_.end() ? nullptr : &*found;
}

}  // namespace girin
