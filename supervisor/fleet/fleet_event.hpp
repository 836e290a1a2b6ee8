#pragma once

// What the shell tells the Fleet: one event for each thing that happened to a worker, to a reload, or that an
// operator asked for. Values only. Not here: what is done about it (fleet.hpp), and how the shell came to
// know.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "girin/run/exit_code.hpp"
#include "supervisor/fleet/fleet_options.hpp"

namespace girin {

enum class EventKind : std::uint8_t {
    // About the worker in `slot`; these come first, and in the order of the Fleet's table.
    worker_spawned,
    worker_spawn_failed,
    worker_ready,
    worker_boot_failed,
    worker_exited,
    worker_asks_recycle,
    worker_leaves,
    worker_silent,
    // About the whole fleet.
    start,
    reload_requested,
    reload_prepared,
    reload_refused,
    scale_by,
    scale_to,
    pause,
    resume,
    stop_graceful,
    stop_quick,
    tick,
};

/// Made by the named functions below; only the members that the kind needs are set.
class FleetEvent {
  public:
    /// The first event, once: this many workers are wanted (cut to 1 … max_workers).
    static FleetEvent start(std::size_t workers);

    /// A spawn action worked: `pid` runs in `slot`.
    static FleetEvent worker_spawned(std::size_t slot, pid_t pid);
    /// A spawn action failed, or was called off; nothing runs in `slot`. `code`: `failure` where the application can't be
    /// blamed (fork, a full process table); else it could not be loaded, and this is the master's exit code if it is the
    /// first start.
    static FleetEvent worker_spawn_failed(std::size_t slot, std::string reason, ExitCode code = ExitCode::failure);
    /// Application started and listeners armed.
    static FleetEvent worker_ready(std::size_t slot);
    /// The worker says why it can't become ready; it exits next. `code` is the master's exit code if this is
    /// the first start.
    static FleetEvent worker_boot_failed(std::size_t slot, std::string reason,
                                    ExitCode code = ExitCode::worker_boot_failed);
    /// The process was reaped. The last event about it: what its channel still held has been told before.
    /// `sentence` follows "worker 3 (pid 124) " ("crashed: SIGSEGV (core dumped)"); `status` is its exit
    /// status, kSignalled after a fault of its own, kKilled after a signal for which its code can't be blamed.
    /// `details` (its stack) are logged with it, and not repeated.
    static FleetEvent worker_exited(std::size_t slot, int status, std::string sentence, std::string details = {});
    static constexpr int kSignalled = -1;
    static constexpr int kKilled = -2;
    /// The worker serves on, but wants to be replaced ("max-requests").
    static FleetEvent worker_asks_recycle(std::size_t slot, std::string reason);
    /// The worker has drained, and clears away; the process ends next.
    static FleetEvent worker_leaves(std::size_t slot);
    /// The worker's loop shows no life; `reason` reads "no sign of life for 30 s". May be told again at each
    /// look. `details` (its stack) are logged with it, and not repeated.
    static FleetEvent worker_silent(std::size_t slot, std::string reason, std::string details = {});

    static FleetEvent reload_requested();
    /// Answers prepare_reload: settings are valid, new addresses bound. `workers` of 0 leaves the number as
    /// it is; `options` hold from now on, and are taken back by a roll-back (slots and seed never change).
    static FleetEvent reload_prepared(std::uint32_t generation, const FleetOptions& options, std::size_t workers = 0);
    /// Answers prepare_reload: it can't be; the shell has undone what it began.
    static FleetEvent reload_refused(std::uint32_t generation, std::string reason);

    /// TTIN: +1, TTOU: −1.
    static FleetEvent scale_by(int workers);
    /// `reason`: of the load's, for the log; empty: an operator's.
    static FleetEvent scale_to(std::size_t workers, std::string reason = {});
    /// WINCH: no workers at all are wanted, until resume, a reload's request (which then only resumes) or a new number.
    static FleetEvent pause();
    static FleetEvent resume();
    static FleetEvent stop_graceful();
    static FleetEvent stop_quick();
    /// next_deadline() has come.
    static FleetEvent tick();

    EventKind kind = EventKind::tick;
    std::size_t slot = 0;
    pid_t pid = 0;
    int count = 0;
    std::uint32_t generation = 0;
    ExitCode code = ExitCode::ok;
    int status = 0;
    std::string text;
    std::string details;
    FleetOptions options;

  private:
    explicit FleetEvent(EventKind event_kind) : kind(event_kind) {}
};

std::string_view to_text(EventKind kind);

}  // namespace girin
