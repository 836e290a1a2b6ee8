#include "girin/loop/process_check.hpp"

#include <pthread.h>
#include <unistd.h>

#include "girin/log.hpp"
#include "girin/loop/event_loop.hpp"
#include "girin/loop/executor.hpp"
#include "girin/loop/signals.hpp"

namespace girin::detail {

unsigned g_fork_generation = 0;
bool g_forked_in_loop = false;
std::atomic<std::uint64_t> g_forks_made = 0;

namespace {

void before_fork() { g_forks_made.fetch_add(1, std::memory_order_relaxed); }

/// In the child, which has the forking thread alone.
void on_fork_in_child() {
    ++g_fork_generation;
    g_forked_in_loop = EventLoop::running_or_null() != nullptr;
    forget_running_loop();
    forget_job_observer();
    forget_signal_watches();
}

// Not seen: vfork and posix_spawn, whose children exec, which closes ours; and _Fork(3) and a bare clone(2).
[[maybe_unused]] const int g_registered = ::pthread_atfork(&before_fork, nullptr, &on_fork_in_child);

}  // namespace

void end_stray_child() noexcept {
    log_critical(
        "A forked child has come back into its parent's event loop, or uses its connections, and is ended: after fork() "
        "a child may exec, _exit, or run a loop of its own");
    ::_exit(kStrayChildExit);
}

}  // namespace girin::detail
