#include "supervisor/process/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace girin {
namespace {

constexpr SignalRow kTable[] = {
    {SIGTERM, "SIGTERM", SignalMeaning::stop_gracefully, "stopping gracefully",
     "Stop: take what the kernel has queued, finish the requests in hand within --graceful-timeout, exit 0. Another one "
     "meanwhile changes nothing."},
    {SIGINT, "SIGINT", SignalMeaning::stop_quickly, "stopping at once",
     "Stop at once: requests in hand are cut off."},
    {SIGQUIT, "SIGQUIT", SignalMeaning::stop_quickly, "stopping at once", "The same as SIGINT."},
    {SIGCHLD, "SIGCHLD", SignalMeaning::child_ended, "reaping",
     "Sent by the kernel. Workers are watched through pidfds; this finds children that were left to us as PID 1."},
    {SIGHUP, "SIGHUP", SignalMeaning::reload, "reloading",
     "Read the settings again and start a new generation of workers with new code; the old ones serve until it is "
     "ready, and go on serving when it fails."},
    {SIGTTIN, "SIGTTIN", SignalMeaning::one_worker_more, "one worker more", "One worker more."},
    {SIGTTOU, "SIGTTOU", SignalMeaning::one_worker_less, "one worker less",
     "One worker less, but never less than one."},
    {SIGUSR1, "SIGUSR1", SignalMeaning::reopen_logs, "reopening logs",
     "Open the log files anew, after a rotation; one that can't be opened stays as it is."},
    {SIGUSR2, "SIGUSR2", SignalMeaning::upgrade, "upgrading to a new binary",
     "Start the binary that lies at our path now as a new master with our sockets. When its workers are ready and have "
     "stayed well for --soak, it takes over and this one drains and exits; when it fails, this one goes on."},
    {SIGWINCH, "SIGWINCH", SignalMeaning::pause_workers, "draining all workers",
     "All workers drain and end, the master stays; HUP brings them back. For upgrades by hand. A terminal's own is "
     "ignored."},
};

const SignalRow* find_row(int signo) {
    const auto row = std::ranges::find(kTable, signo, &SignalRow::signo);
    return row == std::end(kTable) ? nullptr : &*row;
}

// Blocking a fault that the program itself causes is of no use, and blocking the terminal's ^Z would surprise.
constexpr int kNeverBlocked[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGTSTP};

// What reaches a worker because somebody spoke to all of us; and SIGPIPE, which a write's result tells better.
constexpr int kWithoutEffectInWorkers[] = {SIGTERM, SIGINT,  SIGQUIT, SIGHUP, SIGTTIN,
                                           SIGTTOU, SIGUSR1, SIGUSR2, SIGWINCH, SIGPIPE};

void do_nothing(int) {}

sigset_t all_but_faults() {
    sigset_t signals;
    ::sigfillset(&signals);
    for (const int signo : kNeverBlocked) ::sigdelset(&signals, signo);
    return signals;
}

/// Of `signals`, which are blocked, whatever waits.
void throw_away_pending(const sigset_t& signals) {
    const timespec at_once{};
    while (::sigtimedwait(&signals, nullptr, &at_once) > 0 || errno == EINTR) errno = 0;
}

void default_actions() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (int signo = 1; signo < NSIG; ++signo) ::sigaction(signo, &action, nullptr);  // KILL and STOP refuse; fine
}

}  // namespace

std::span<const SignalRow> signal_table() { return kTable; }

std::string signal_name(int signo) {
    if (const char* abbreviation = ::sigabbrev_np(signo)) return std::string("SIG") + abbreviation;
    return "signal " + std::to_string(signo);
}

std::string received_text(const ReceivedSignal& signal, const std::string& action) {
    const std::string sender = signal.sender > 0 ? " from pid " + std::to_string(signal.sender) : "";
    return std::string("Received ") + signal.row->name + sender + ": " + action;
}

SignalsBlocked::SignalsBlocked() {
    const sigset_t blocked = all_but_faults();
    ::sigprocmask(SIG_SETMASK, &blocked, &before_);
    ::sigaction(SIGCHLD, nullptr, &child_before_);
    keep_ended_children();
}

SignalsBlocked::~SignalsBlocked() {
    sigset_t ours = all_but_faults();
    for (int signo = 1; signo < NSIG; ++signo) {
        if (::sigismember(&before_, signo) == 1) ::sigdelset(&ours, signo);
    }
    throw_away_pending(ours);
    ::sigaction(SIGCHLD, &child_before_, nullptr);
    restore();
}

void SignalsBlocked::hold() const {
    const sigset_t blocked = all_but_faults();
    ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
    keep_ended_children();
}

void SignalsBlocked::restore() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

void SignalsBlocked::forget_before() { ::sigemptyset(&before_); }

Result<SignalReader> SignalReader::open() {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    for (const SignalRow& row : kTable) ::sigaddset(&wanted, row.signo);
    SignalReader reader;
    reader.fd_.reset(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!reader.fd_) return Error::from_errno(errno, "open signal descriptor");
    return reader;
}

std::vector<ReceivedSignal> SignalReader::read_pending() {
    std::vector<ReceivedSignal> pending;
    std::array<signalfd_siginfo, std::size(kTable)> infos;  // none of ours is queued twice
    const ssize_t bytes = ::read(fd_.get(), infos.data(), sizeof infos);
    for (ssize_t i = 0; i < bytes / static_cast<ssize_t>(sizeof infos[0]); ++i) {
        const signalfd_siginfo& info = infos[static_cast<std::size_t>(i)];
        const SignalRow* row = find_row(static_cast<int>(info.ssi_signo));
        const bool by_kernel = info.ssi_code > 0;
        if (row) pending.emplace_back(*row, by_kernel ? 0 : static_cast<pid_t>(info.ssi_pid), by_kernel);
    }
    std::ranges::sort(pending, {}, &ReceivedSignal::row);  // the table's order is the order of urgency
    return pending;
}

void keep_ended_children() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &action, nullptr);
}

void unblock_all_signals() {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void default_signals() {
    default_actions();
    unblock_all_signals();
}

void reset_signals_for_worker() {
    default_actions();
    struct sigaction action {};
    action.sa_handler = do_nothing;
    action.sa_flags = SA_RESTART;
    for (const int signo : kWithoutEffectInWorkers) ::sigaction(signo, &action, nullptr);
}

}  // namespace girin
