#include "worker/crash_handler.hpp"

#include <execinfo.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "loop/base/log.hpp"
#include "worker/channel.hpp"

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
constexpr int kPatienceMs = 2'500;
constexpr int kPauseMs = 5;

struct CrashPlace {
    int channel_fd = -1;
    ScoreboardSlot* line = nullptr;
    std::atomic<bool> crashing = false;
};
CrashPlace g_place;  // a signal handler has no other way to its surroundings

void pause_ms(int milliseconds) {
    const timespec time{0, milliseconds * 1'000'000L};
    ::nanosleep(&time, nullptr);
}

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
void write_own_stack(int signo) {
    hold_pipe_signal();
    const int fd = log_fd();
    write_text(fd, "girin: a worker crashes by signal ");
    const std::array<char, 3> digits{static_cast<char>('0' + signo / 10), static_cast<char>('0' + signo % 10), '\0'};
    write_text(fd, digits.data());
    write_text(fd, ", and no master takes its report; its stack:\n");
    std::array<void*, 64> frames;
    const int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
    ::backtrace_symbols_fd(frames.data(), count, fd);
}

bool wait_until_told(const CrashNote& crash) {
    for (int waited = 0; waited < kPatienceMs; waited += kPauseMs) {
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
    crash.tid.store(static_cast<std::int32_t>(::syscall(SYS_gettid)), std::memory_order_relaxed);
    crash.signo.store(signo, std::memory_order_release);
    const bool master_knows = send_bare_message(g_place.channel_fd, MessageKind::crashed);
    if (!master_knows || !wait_until_told(crash)) write_own_stack(signo);
}

void on_crash(int signo, siginfo_t* info, void*) {
    const int kept_errno = errno;
    if (g_place.crashing.exchange(true)) {
        pause_ms(999);  // another thread's crash is being told; this one ends with it
    } else {
        report(signo, *info);
    }
    errno = kept_errno;
    // The action is the default again, and a fault happens once more when this returns. What was sent or raised doesn't.
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
    g_place.channel_fd = channel_fd;
    g_place.line = &line;
    std::array<void*, 1> frame;
    ::backtrace(frame.data(), 1);  // the first call loads a library, which no handler may
    // Never given back: it is used at the very end.
    [[maybe_unused]] SignalStack* const for_ever = SignalStack::give_to_this_thread().release();
    struct sigaction action {};
    action.sa_sigaction = &on_crash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
    ::sigemptyset(&action.sa_mask);
    for (const int signo : kSignals) ::sigaction(signo, &action, nullptr);
}

}  // namespace girin
