#pragma once

// ProcessCheck: whether this is still the process in which something was made. A forked child has copies of its parent's
// loops and descriptors, but the kernel's side of them is one: what the child did to its copy would happen to the parent.
// Also whether there may be such copies at all.

#include <sys/single_threaded.h>

#include <atomic>

namespace girin {

namespace detail {

/// Forks between the first process and this one; pthread_atfork counts.
extern unsigned g_fork_generation;
/// Forks that this process has made, or tried to; counted before each.
extern std::atomic<unsigned> g_forks_made;
/// This process was forked from within a running loop.
extern bool g_forked_in_loop;
/// The child is ended: a line in the log and _exit(kStrayChildExit).
[[noreturn]] void end_stray_child() noexcept;

}  // namespace detail

/// How a forked child ends that comes back into its parent's loop.
inline constexpr int kStrayChildExit = 70;

class ProcessCheck {
  public:
    bool is_ours() const noexcept { return generation_ == detail::g_fork_generation; }
    /// For what finds no loop on its thread: it is the parent's that it looks for.
    static bool is_stray() noexcept { return detail::g_forked_in_loop; }
    /// A child may have a copy of a descriptor that was opened when this was made, or another thread may be giving it one
    /// just now: then closing the descriptor ends neither a connection nor its place in an epoll set. False is certain.
    bool may_be_shared() const noexcept {
        return !__libc_single_threaded || forks_made_ != detail::g_forks_made.load(std::memory_order_relaxed);
    }
    void check() const noexcept {
        if (!is_ours()) [[unlikely]] detail::end_stray_child();
    }

  private:
    unsigned generation_ = detail::g_fork_generation;
    unsigned forks_made_ = detail::g_forks_made.load(std::memory_order_relaxed);
};

}  // namespace girin
