#pragma once

// ProcessCheck: whether this is still the process in which something was made. A forked child has copies of its parent's
// loops and descriptors, but the kernel's side of them is one: what the child did to its copy would happen to the parent.

namespace girin {

namespace detail {

/// Forks between the first process and this one; pthread_atfork counts.
extern unsigned g_fork_generation;
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

}  // namespace girin
