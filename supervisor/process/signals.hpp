#pragma once

// The signals that the master understands: one table, which behaviour, log lines and documentation are read from;
// and the descriptor they are read through. Nothing ever runs in a signal handler. Not here: what a signal leads to
// (control/operator_signals.cpp).

#include <signal.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "girin/base/unique_fd.hpp"

namespace girin {

enum class SignalMeaning {
    stop_gracefully,
    stop_quickly,
    reload,
    one_worker_more,
    one_worker_less,
    reopen_logs,
    upgrade,
    pause_workers,
    child_ended,
};

struct SignalRow {
    int signo;
    const char* name;      // "SIGHUP"
    SignalMeaning meaning;
    const char* action;    // as the log tells it: "reloading"
    const char* sentence;  // as the documentation tells it
};

/// In order of urgency: of signals that wait together, an earlier row is served first.
std::span<const SignalRow> signal_table();

/// "SIGTERM", also for signals that aren't in the table; "signal 42" for nameless ones.
std::string signal_name(int signo);

/// Blocks everything but the faults (SEGV, ABRT and their like) and the terminal's stop, from construction to
/// destruction or restore(), and sees to it that children that have ended can be waited for, whatever was inherited. A
/// program's first act, before anything that may start a thread. What is pending at the end is thrown away: it was
/// meant for a server that has stopped by then.
class SignalsBlocked {
  public:
    SignalsBlocked();
    ~SignalsBlocked();
    SignalsBlocked(const SignalsBlocked&) = delete;
    SignalsBlocked& operator=(const SignalsBlocked&) = delete;

    /// Once more, after code that isn't ours has run in this process.
    void hold() const;
    /// The mask as it was before: for a parent or child that goes on as whoever started us has it. Workers and others'
    /// programs get an empty one.
    void restore() const;
    /// Executed with everything blocked already, so that no signal got lost on the way: before, nothing was.
    void forget_before();

  private:
    sigset_t before_;
    struct sigaction child_before_;
};

/// SIGCHLD at its default. Ignored, or with SA_NOCLDWAIT, the kernel reaps children by itself, and nobody learns how they
/// ended; a parent may have passed that on, or a library have set it.
void keep_ended_children();
/// An empty mask.
void unblock_all_signals();

/// A received signal and, where a process sent it, who did.
struct ReceivedSignal {
    const SignalRow* row = nullptr;
    bool by_kernel = false;  // or a terminal's
    pid_t sender = 0;        // 0: the kernel, or a process that has no number in our pid namespace

    ReceivedSignal() = default;
    ReceivedSignal(const SignalRow& r, pid_t pid, bool kernel) : row(&r), by_kernel(kernel), sender(pid) {}
};

/// "Received SIGHUP from pid 123: reloading"; a terminal's or the kernel's signals have no sender.
std::string received_text(const ReceivedSignal& signal, const std::string& action);

/// Owns a signalfd over the table. The signals must be blocked.
class SignalReader {
  public:
    static Result<SignalReader> open();

    int fd() const { return fd_.get(); }
    /// Everything that waits, most urgent first. Never blocks.
    std::vector<ReceivedSignal> read_pending();
    void close() { fd_.reset(); }

  private:
    UniqueFd fd_;
};

/// For a child that is about to execute another program: all at their defaults, and none blocked.
void default_signals();

/// For a child that is about to be a worker: every signal is back at its default, except those by which people and
/// terminals speak to the whole process group and which are the master's business. Those do nothing, but aren't
/// *ignored*, which programs that the application starts would inherit. SIGTERM belongs to them: a worker is asked to
/// stop over its channel, and an init system that signals every process of a service must not cut requests.
void reset_signals_for_worker();

}  // namespace girin
