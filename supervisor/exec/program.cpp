#include "supervisor/exec/program.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "supervisor/process/descriptors.hpp"
#include "supervisor/process/root_directory.hpp"
#include "supervisor/process/signals.hpp"

namespace girin {
namespace {

constexpr int kNotRun = 127;  // as shells have it

void set_variable(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }

/// "listener-0:listener-1": names may not contain the colons that addresses do.
std::string listener_names(std::size_t count) {
    std::string names;
    for (std::size_t i = 0; i < count; ++i) names += (i > 0 ? ":listener-" : "listener-") + std::to_string(i);
    return names;
}

void tell_program(const ProgramSetup& setup) {
    const std::string own_pid = std::to_string(::getpid());
    set_variable("LISTEN_PID", own_pid);
    set_variable("LISTEN_FDS", std::to_string(setup.listeners.size()));
    set_variable("LISTEN_FDNAMES", listener_names(setup.listeners.size()));
    set_variable("NOTIFY_SOCKET", setup.notify_address);
    set_variable("GIRIN_SLOT", std::to_string(setup.slot));
    set_variable("GIRIN_GENERATION", std::to_string(setup.generation));
    ::unsetenv("WATCHDOG_USEC");
    ::unsetenv("WATCHDOG_PID");
    if (setup.watchdog <= Duration::zero()) return;
    set_variable("WATCHDOG_PID", own_pid);
    set_variable("WATCHDOG_USEC",
                 std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(setup.watchdog).count()));
}

/// Listeners become 3, 4, …, and `failure`, the one after, which exec closes as it does all others. First everything
/// moves out of the way, so that no number is overwritten that is still needed.
bool place_descriptors(const ProgramSetup& setup, int& failure) {
    const int end = Program::kFirstListener + static_cast<int>(setup.listeners.size());
    std::vector<int> high;
    for (const ListenerSocket& listener : setup.listeners) {
        high.push_back(::fcntl(listener.fd, F_DUPFD_CLOEXEC, end + 1));
    }
    const int own = ::fcntl(failure, F_DUPFD_CLOEXEC, end + 1);
    bool placed = own >= 0;
    int to = Program::kFirstListener;
    for (const int fd : high) placed = placed && fd >= 0 && ::dup2(fd, to++) >= 0;
    if (!placed || ::dup3(own, end, O_CLOEXEC) < 0) return false;
    failure = end;
    close_on_exec_from(end + 1);
    return true;
}

/// What the child tells its keeper.
struct ExecFailure {
    int error = 0;  // errno; 0: there is none
    bool by_root = false;  // the root directory couldn't be entered
};

/// Before descriptors move: what is left open where there is no close_range() is looked up in /proc.
Result<void> enter_root(int root) {
    if (root < 0) return {};
    close_on_exec_from(Program::kFirstListener);
    return enter_root_directory(root);
}

[[noreturn]] void become_program(const ProgramSetup& setup, pid_t keeper, int failure) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != keeper) ::_exit(kNotRun);
    ExecFailure why;
    const auto entered = enter_root(setup.root_fd);
    why.by_root = !entered;
    why.error = entered ? EMFILE : entered.error().errno_value();
    if (entered && place_descriptors(setup, failure)) {
        tell_program(setup);
        std::vector<char*> words;
        for (const std::string& word : setup.command) words.push_back(const_cast<char*>(word.c_str()));
        words.push_back(nullptr);
        default_signals();
        ::execvp(words[0], words.data());
        why.error = errno;
    }
    [[maybe_unused]] const auto told = ::write(failure, &why, sizeof why);
    ::_exit(kNotRun);
}

/// Of an exec that failed; none: it worked, and the pipe was closed by it.
ExecFailure read_failure_blocking(int fd) {
    ExecFailure why;
    ssize_t bytes;
    do {
        bytes = ::read(fd, &why, sizeof why);
    } while (bytes < 0 && errno == EINTR);
    return bytes == sizeof why ? why : ExecFailure();
}

}  // namespace

Result<Program> Program::start_blocking(Os& os, const ProgramSetup& setup) {
    auto failure = make_pipe();
    if (!failure) return failure.error();
    std::fflush(nullptr);
    const pid_t keeper = ::getpid();
    auto child = os.fork_child();
    if (!child) return child.error();
    if (child->pid == 0) become_program(setup, keeper, failure->second.get());
    ::setpgid(child->pid, child->pid);  // whoever comes first
    failure->second.reset();
    Program program;
    program.child_ = std::move(*child);
    const ExecFailure why = read_failure_blocking(failure->first.get());
    if (why.error == 0) return program;
    [[maybe_unused]] const auto ended = program.reap_all(os);
    if (why.by_root) return Error::from_errno(why.error, "enter the root directory of --chroot");
    return Error::from_errno(why.error, "run", "command '" + setup.command.front() + "'");
}

void Program::signal(Os& os, int signo) {
    [[maybe_unused]] const auto sent = os.signal_child(pidfd(), signo);
}

void Program::signal_group(int signo) { ::kill(-pid(), signo); }

Result<ChildExit> Program::reap_all(Os& os) {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid()), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) continue;
    signal_group(SIGKILL);
    auto ended = os.reap_child(pidfd());
    if (!ended) return ended.error();
    if (!*ended) return Error("the program has not ended");
    return **ended;
}

}  // namespace girin
