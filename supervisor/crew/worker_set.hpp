#pragma once

// The worker processes that run, by slot: what the master holds of each, and the few things it can do to one. Not
// here: who should run (fleet.hpp), and how one is forked (spawn.hpp).

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "supervisor/process/exit_cause.hpp"
#include "supervisor/process/os.hpp"
#include "supervisor/process/outbox.hpp"
#include "supervisor/process/spawn.hpp"
#include "supervisor/turn/event_wait.hpp"
#include "worker/process/channel.hpp"

namespace girin {

struct WorkerProcess {
    pid_t pid = 0;
    UniqueFd pidfd;
    UniqueFd channel;  // the master's end; empty once the worker has closed its own
    Outbox outbox;     // what it hasn't taken from its channel's other end
    std::uint32_t generation = 0;
    std::size_t lane = 0;
    std::optional<unsigned> cpu;  // with --affinity
    TimePoint spawned_at{};
    std::optional<TimePoint> ready_at;
    bool accepting = true;       // until it says that it drains; a worker that starts counts too
    bool has_listeners = true;   // until it says that it has closed them
    bool has_old_sockets = false;  // others are listened on since it was forked
    bool asked_to_stop = false;  // told to drain or quit
    bool lagging = false;        // its loop is held up: its lane is steered away
    std::optional<OwnKill> own_kill;
    std::string last_words;      // of one that crashes: where, and in what
    std::optional<TimePoint> crashing_since;  // it says so, in its line or by a message
    bool crash_told = false;      // by a message: one is taken
    bool outlived_crash = false;  // it has said so and lived on: not believed again

    WorkerProcess() = default;
};

class WorkerSet {
  public:
    /// Both are borrowed for the set's life.
    WorkerSet(Os& os, EventWait& wait) : os_(os), wait_(wait) {}

    /// Takes over a worker that was just forked, and has it watched. Errors: no memory to watch it; then it was killed.
    Result<WorkerProcess*> add(std::size_t slot, SpawnedWorker spawned);
    /// Null: nobody is in the slot.
    WorkerProcess* find(std::size_t slot);
    const std::map<std::size_t, WorkerProcess>& all() const { return workers_; }
    /// For who ends some, or adds others, while it goes over them.
    std::vector<std::size_t> slots() const;
    bool empty() const { return workers_.empty(); }
    std::vector<pid_t> pids() const;

    /// What the worker has said since the last call.
    std::vector<Message> read_messages(std::size_t slot);
    /// A worker that has closed its channel misses it: the fleet's deadlines see to that. To one that doesn't read it now
    /// it is said again until it does.
    void tell(std::size_t slot, const Message& message, std::span<const int> descriptors = {});
    void tell_all(const Message& message);
    /// When on_deadline() is due: somebody has to be told again.
    std::optional<TimePoint> next_deadline() const;
    void on_deadline(TimePoint now);
    /// `why` is kept for the explanation of its end.
    void send_signal(std::size_t slot, int signo, std::string why);
    /// How it ended, once it has; the process and all that belonged to it is gone then.
    std::optional<ExitEvidence> reap(std::size_t slot);

    /// For a child: lets go of its copies. The processes are the master's.
    void forget() { workers_.clear(); }

  private:
    void stop_listening_to(WorkerProcess& worker);

    Os& os_;
    EventWait& wait_;
    std::map<std::size_t, WorkerProcess> workers_;
};

}  // namespace girin
