#pragma once

// All addresses that one generation listens on. A reload opens a whole new set beside the running one, sharing what
// stays; until the new one is committed, dropping it leaves everything as it was. Not here: one address (listener.hpp).

#include <cstddef>
#include <string>
#include <vector>

#include "supervisor/sockets/listener.hpp"

namespace girin {

class ListenerSet {
  public:
    /// All of `addresses`, in order, or none. Those that `running` has too are shared with it. Errors: the first that
    /// can't be opened; nothing stays behind.
    static Result<ListenerSet> open(const std::vector<BindAddress>& addresses, const ListenOptions& options,
                                    const ListenerSet* running = nullptr);

    /// Makes this the set that lasts: files of shared Unix sockets pass to it, and `predecessor`, to be dropped next,
    /// removes only those that nobody listens on any more.
    void succeed(ListenerSet& predecessor);

    const std::vector<Listener>& listeners() const { return listeners_; }
    /// What a worker that serves `lane` inherits. Borrowed from this.
    std::vector<ListenerSocket> sockets(std::size_t lane) const;
    /// As Listener::keep_lane, widen, steer, refuse_new and shut_down, for each.
    void keep_lane(std::size_t lane);
    Result<void> widen(std::size_t lanes);
    Result<void> steer(const std::vector<bool>& live);
    Result<void> refuse_new();
    void shut_down();

    /// As Listener::listen_again, for each, and logged; what stays deaf, once. True: some sockets are new.
    bool listen_again(bool may_replace);
    /// Why nobody can connect to one of them, as the last listen_again() found it; empty: all listen.
    const std::string& deaf() const { return deaf_; }

    void leave_files();
    void claim_files();

    /// Stops listening: closes our copies, and removes the files of our Unix sockets.
    void close() { listeners_.clear(); }
    bool empty() const { return listeners_.empty(); }

  private:
    const Listener* find(const BindAddress& address) const;

    ListenOptions options_;
    std::string deaf_;
    std::vector<Listener> listeners_;
};

}  // namespace girin
