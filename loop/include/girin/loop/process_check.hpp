#pragma once

// ProcessCheck: whether this is still the process in which something was made. A forked child has copies of its parent's
// loops and descriptors, but the kernel's side of them is one: what the child did to its copy would happen to the parent.
// Also whether there may be such copies at all.

#include <sys/single_threaded.h>

#include <atomic>
#include <cstdint>
#include <limits>

namespace girin {

namespace detail {

/// Forks between the first process and this one; pthread_atfork counts.
extern unsigned g_fork_generation;
/// Forks that this process has made, or tried to; counted before each.
extern std::atomic<std::uint64_t> g_forks_made;
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
    void check() const noexcept {
        if (!is_ours()) [[unlikely]] detail::end_stray_child();
    }

  private:
    unsigned generation_ = detail::g_fork_generation;
};

/// When a descriptor was opened, for who has to know whether a child may have a copy of it.
class OpenedMark {
  public:
    /// Of one of which that isn't known: it may be shared, or have duplicates.
    OpenedMark() = default;
    /// To be made before the descriptor is opened, of which no duplicate is made then.
    static OpenedMark now() noexcept {
        OpenedMark mark;
        mark.forks_made_ = detail::g_forks_made.load(std::memory_order_relaxed);
        return mark;
    }
    /// A child may have a copy, or another thread may be giving it one just now: closing the descriptor ends neither a
    /// connection nor its place in an epoll set. False is certain.
    bool may_be_shared() const noexcept {
        return !__libc_single_threaded || forks_made_ != detail::g_forks_made.load(std::memory_order_relaxed);
    }

  private:
    std::uint64_t forks_made_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace girin
