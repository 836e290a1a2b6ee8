#include "worker/process/crash_handler.hpp"

#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "loop/base/log_output.hpp"
#include "worker/process/channel.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GIRIN_LEAVES_CRASHES_ALONE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define GIRIN_LEAVES_CRASHES_ALONE 1
#endif
#endif

namespace girin {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr std::size_t kStackBytes = 64 * 1024;
// Less than the master leaves between ABRT and KILL.
constexpr std::int64_t kPatienceMs = 2'500;
// What the own stack may take beside that. Another thread that crashes meanwhile waits for both.
constexpr std::int64_t kOwnStackMs = 400;
constexpr std::int64_t kCompanionPatienceMs = kPatienceMs + kOwnStackMs;
constexpr int kPauseMs = 5;

struct CrashPlace {
    pid_t pid = 0;
    int channel_fd = -1;
    ScoreboardSlot* line = nullptr;
    std::atomic<pid_t> first = 0;  // the thread that crashed first; 0: none yet
};
CrashPlace g_place;  // a signal handler has no other way to its surroundings

void pause_ms(int milliseconds) {
    const timespec time{0, milliseconds * 1'000'000L};
    ::nanosleep(&time, nullptr);
}

std::int64_t now_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

pid_t this_thread() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

void write_text(int fd, const char* text) {
    [[maybe_unused]] const ssize_t written = ::write(fd, text, std::strlen(text));
}

/// A log that nobody reads any more must not end us by another signal than the crash's own.
void hold_pipe_signal() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

/// Nobody looks: the bare stack, for `addr2line`.
void write_own_stack(int signo, const char* who, const char* why) {
    hold_pipe_signal();
    const int fd = log_fd();
    write_text(fd, "girin: ");
    write_text(fd, who);
    write_text(fd, " crashes by signal ");
    const std::array<char, 3> digits{static_cast<char>('0' + signo / 10), static_cast<char>('0' + signo % 10), '\0'};
    write_text(fd, digits.data());
    write_text(fd, why);
    write_text(fd, "; its stack:\n");
    std::array<void*, 64> frames;
    const int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
    ::backtrace_symbols_fd(frames.data(), count, fd);
}

bool wait_until_told(const CrashNote& crash) {
    for (const std::int64_t limit = now_ms() + kPatienceMs; now_ms() < limit;) {
        if (crash.told.load(std::memory_order_acquire) != 0) return true;
        pause_ms(kPauseMs);
    }
    return false;
}

void report(int signo, const siginfo_t& info) {
    CrashNote& crash = g_place.line->crash;
    if (crash.told.load(std::memory_order_acquire) != 0) return;  // the master has looked before it sent ABRT
    crash.code.store(info.si_code, std::memory_order_relaxed);
    crash.address.store(reinterpret_cast<std::uint64_t>(info.si_addr), std::memory_order_relaxed);
    crash.tid.store(this_thread(), std::memory_order_relaxed);
    crash.signo.store(signo, std::memory_order_release);
    const bool master_knows = send_bare_message(g_place.channel_fd, MessageKind::crashed);
    if (!master_knows || !wait_until_told(crash)) write_own_stack(signo, "a worker", ", and no master takes its report");
}

/// Where the line and the channel are another process's: of a child that the application has forked.
bool is_the_worker() { return ::getpid() == g_place.pid; }

void on_crash(int signo, siginfo_t* info, void*) {
    const int kept_errno = errno;
    const pid_t self = this_thread();
    pid_t first = 0;
    if (!is_the_worker()) {
        write_own_stack(signo, "a process that a worker has forked", "");
    } else if (g_place.first.compare_exchange_strong(first, self)) {
        report(signo, *info);
    } else if (first != self) {
        // Another thread's crash is being told; this one ends with it. (The same one's: the telling itself has crashed.)
        for (const std::int64_t limit = now_ms() + kCompanionPatienceMs; now_ms() < limit;) pause_ms(kPauseMs);
    }
    errno = kept_errno;
    // A fault happens once more when this returns, and ends us now. What was sent or raised doesn't.
    ::signal(signo, SIG_DFL);
    if (info->si_code <= 0) ::raise(signo);
}

}  // namespace

bool handles_crashes() {
#ifdef GIRIN_LEAVES_CRASHES_ALONE
    return false;
#else
    return true;
#endif
}

std::unique_ptr<SignalStack> SignalStack::give_to_this_thread() {
    if (!handles_crashes()) return nullptr;  // the sanitizer gives its own
    void* const memory =
        ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    stack_t stack{};
    stack.ss_sp = memory;
    stack.ss_size = kStackBytes;
    ::sigaltstack(&stack, nullptr);
    return std::unique_ptr<SignalStack>(new SignalStack(memory));
}

SignalStack::~SignalStack() {
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    ::sigaltstack(&none, nullptr);
    ::munmap(memory_, kStackBytes);
}

void install_crash_handler(int channel_fd, ScoreboardSlot& line) {
    if (!handles_crashes()) return;
    // A descriptor of its own: the other one is closed before static objects are destroyed, and its number may be others'.
    const int own_fd = ::fcntl(channel_fd, F_DUPFD_CLOEXEC, 0);
    g_place.pid = ::getpid();
    g_place.channel_fd = own_fd >= 0 ? own_fd : channel_fd;
    g_place.line = &line;
    std::array<void*, 1> frame;
    ::backtrace(frame.data(), 1);  // the first call loads a library, which no handler may
    // Never given back: it is used at the very end. Static, so that no leak checker takes it for lost, and volatile, since the
    // optimiser would leave out what nobody reads.
    [[maybe_unused]] static SignalStack* volatile for_ever = nullptr;
    for_ever = SignalStack::give_to_this_thread().release();
    struct sigaction action {};
    action.sa_sigaction = &on_crash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;  // stays for other threads, that they wait for the first
    ::sigemptyset(&action.sa_mask);
    for (const int signo : kSignals) ::sigaction(signo, &action, nullptr);
}

}  // namespace girin
