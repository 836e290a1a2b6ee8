#pragma once

// The generations that have a claim on something: for each its settings and its listening sockets. One is committed;
// during a reload there is a candidate beside it; an older one may still have workers that drain. Not here: when a
// generation begins or ends (fleet.hpp).

#include <cstdint>
#include <map>
#include <vector>

#include "girin/base/clock.hpp"
#include "supervisor/crew/log_files.hpp"
#include "supervisor/settings/settings.hpp"
#include "supervisor/sockets/listeners.hpp"

namespace girin {

/// What names led to when a generation began.
struct GenerationFiles {
    UniqueFd code;       // a copy of the application's file; -1: no file, or not copied
    UniqueFd directory;  // that workers are in; -1: the master's own
    LogFiles logs;

    GenerationFiles() = default;
};

struct Generation {
    Settings settings;
    ListenerSet listeners;  // none any more once another has taken over
    std::vector<BindAddress> addresses;  // what it listens on, or did, in order, without host names
    GenerationFiles files;

    Generation() = default;
    Generation(Settings values, ListenerSet sockets);
};

class Generations {
  public:
    /// The first one, number 1, which is committed from the start. `socket_owner`: who files of Unix sockets are
    /// given to.
    Generations(Generation first, Identity socket_owner);

    /// Null: no such generation, or not any more.
    const Generation* find(std::uint32_t number) const;
    const Generation& committed() const;
    std::uint32_t committed_number() const { return committed_; }
    /// What was committed before; 0: nothing.
    std::uint32_t former_number() const { return former_; }

    /// Opens the candidate's sockets beside the committed ones. Errors: an address can't be bound; nothing has changed.
    Result<void> prepare(std::uint32_t number, const Settings& settings, const std::vector<BindAddress>& addresses,
                         GenerationFiles files = GenerationFiles());
    /// The same with settings, addresses, code and directory of `former`, which must exist; its logs are opened anew.
    Result<void> prepare_like(std::uint32_t number, std::uint32_t former);

    /// Those of each generation, as LogFiles::reopen(). Errors: the committed one's.
    Result<void> reopen_logs();
    /// In a worker of `number`: its logs are its own from now on, as LogFiles::release().
    std::vector<UniqueFd> release_logs(std::uint32_t number);
    /// The candidate takes over: addresses that it doesn't have are closed, but for what old workers still hold.
    void commit(std::uint32_t number);
    void drop(std::uint32_t number);

    /// How many lanes each address with --reuse-port has: the same number in all generations.
    std::size_t lanes() const { return lanes_; }
    bool has_lanes() const { return committed().settings.reuse_port; }
    /// Errors: no more descriptors; some addresses may be wider then, which does no harm.
    Result<void> widen(std::size_t lanes);
    Result<void> steer(const std::vector<bool>& served);
    bool has_candidate() const;
    /// As ListenerSet::listen_again; generations share what both have.
    bool listen_again(bool may_replace) { return all_.at(committed_).listeners.listen_again(may_replace); }

    /// For a server that stops: takes nobody new, and keeps what is queued. Errors: it can't be had for each socket.
    Result<void> refuse_new();

    /// As ListenerSet::shut_down.
    void shut_down_listeners();
    /// Closes every listening socket of the master and removes the files of Unix sockets.
    void close_listeners();
    /// Some are served by programs of --exec.
    bool serves_programs() const;
    /// The files of Unix sockets are a successor's to remove from now on.
    void leave_files();
    /// Those of a predecessor are ours.
    void claim_files();
    /// For a child: closes its copies of everything but `number`'s sockets of one lane. 0: of everything.
    void keep_only(std::uint32_t number, std::size_t lane);

  private:
    std::map<std::uint32_t, Generation> all_;
    Identity socket_owner_;
    std::uint32_t committed_ = 1;
    std::uint32_t former_ = 0;
    std::size_t lanes_ = 1;
};

/// LogFiles::open() with names that are relative to `directory`; -1: to the working directory.
Result<LogFiles> open_logs_in(int directory, const Settings& settings, const Identity& owner);

/// How long a start waits for an address that is in use: workers of a killed master hold theirs for a moment.
inline constexpr Duration kAddressPatience = std::chrono::seconds(1);

/// Every address of `settings`, with names looked up, and its logs, in the working directory; sockets that were handed over
/// are taken. Blocks for that, and for `patience` while an address is in use, unless sockets were handed over.
/// `on_trial`: a predecessor still serves, and no lanes are added that only we would serve. Errors: as
/// ListenerSet::open.
Result<Generation> open_first_generation_blocking(const Settings& settings, const Identity& socket_owner,
                                                  HandedSockets* handed = nullptr, bool on_trial = false,
                                                  Duration patience = kAddressPatience);

}  // namespace girin
