#pragma once

// The keeper's decisions: what is done about a program that serves in a worker's place. What happened → Steps, in
// virtual time and without a system call. Not here: carrying them out (exec_worker.hpp), and the program
// itself (program.hpp).

#include <optional>
#include <string>
#include <vector>

#include "girin/base/clock.hpp"
#include "supervisor/exec/notify_receiver.hpp"

namespace girin {

struct ExecKeeperOptions {
    /// Silence isn't taken for ready: READY=1 has to come, or an answer on its port.
    bool must_tell = false;
    Duration started_after = std::chrono::seconds(1); // else a program that lasts so long is ready
    Duration timeout{};                               // between two WATCHDOG=1, once there was one; 0: any
    Duration graceful{};                              // for a TERM from outside before it was ready
    Duration quick_grace = std::chrono::seconds(1);   // told to quit, or to abort; then KILL

    ExecKeeperOptions() = default;
};

struct ExecStep {
    enum class Kind { tell_ready, tell_draining, tell_recycle, stop_program, abort_program, kill_program };

    Kind kind;
    std::string text;  // why, for tell_recycle and kill_program, and for abort_program

    ExecStep(Kind step, std::string why = {}) : kind(step), text(std::move(why)) {}
    bool operator==(const ExecStep&) const = default;
};

/// How the program ended, and what the worker does then.
struct ExecEnd {
    enum class Kind { done, boot_failed, as_program, aborted };
    Kind kind = Kind::done;

    ExecEnd() = default;
    ExecEnd(Kind end) : kind(end) {}
    bool operator==(const ExecEnd&) const = default;
};

class ExecKeeper {
  public:
    using Steps = std::vector<ExecStep>;

    ExecKeeper(const ExecKeeperOptions& options, TimePoint now) : options_(options), started_(now), alive_(now) {}

    Steps on_news(const NotifyNews& news, TimePoint now);
    /// Its port takes connections.
    Steps on_port_open();
    /// Told to finish within `limit`.
    Steps on_drain(Duration limit, TimePoint now);
    Steps on_quit(TimePoint now);
    /// Nobody is left to replace it.
    Steps on_master_gone(TimePoint now);
    /// TERM from outside: it serves on until the master has replaced it; asked twice, it stops.
    Steps on_term(TimePoint now);
    /// ABRT: the master has lost patience with its start.
    Steps on_abort(TimePoint now);
    /// It should be replaced; told once.
    Steps on_worn_out(const std::string& why);
    Steps on_time(TimePoint now);
    std::optional<TimePoint> next_deadline() const;

    /// The program is gone. `expected`: with code 0, or by the signal that asks it to stop.
    ExecEnd on_end(bool expected) const;

    bool is_starting() const { return phase_ == Phase::starting; }

  private:
    enum class Phase { starting, ready, stopping };

    Steps stop_within(Duration limit, const char* why_killed, TimePoint now);
    Steps abort_for(std::string why, TimePoint now);
    Steps become_ready();

    ExecKeeperOptions options_;
    TimePoint started_;
    TimePoint alive_;
    bool has_watchdog_ = false;
    Phase phase_ = Phase::starting;
    bool was_ready_ = false;
    bool aborting_ = false;
    bool told_draining_ = false;
    bool told_recycle_ = false;
    bool term_seen_ = false;
    std::optional<TimePoint> kill_at_;
    std::string kill_why_;
};

}  // namespace girin
