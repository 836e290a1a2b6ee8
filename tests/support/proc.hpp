#pragma once

// What the kernel says of a process: children, descriptors, memory, threads, CPU time; read from /proc. A process that
// is gone gives nullopt or an empty list, never an error: it may end between any two reads.

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "girin/base/clock.hpp"

namespace girin::test {

/// Live children and zombies of `parent`, in order of pid.
std::vector<pid_t> children_of(pid_t parent);
/// Those that have ended and were not reaped.
std::vector<pid_t> zombies_of(pid_t parent);
/// Children, their children and so on; zombies included.
std::vector<pid_t> descendants_of(pid_t ancestor);

/// The state letter: R, S, D, T (stopped), Z (zombie).
std::optional<char> state_of(pid_t pid);
/// Exists and is no zombie.
bool is_running(pid_t pid);
std::optional<pid_t> parent_of(pid_t pid);
/// Its arguments, or the title that it has given itself; empty when it is gone.
std::string title_of(pid_t pid);

std::optional<std::size_t> fd_count(pid_t pid);
/// What each descriptor points to: "socket:[123]", "/var/log/x".
std::vector<std::string> fd_targets(pid_t pid);
std::optional<std::size_t> thread_count(pid_t pid);
/// Resident memory, bytes.
std::optional<std::size_t> rss_bytes(pid_t pid);
/// Resident memory, bytes, shared pages divided among those who share them.
std::optional<std::size_t> pss_bytes(pid_t pid);
/// Resident memory of no one else, bytes: what one more such process costs.
std::optional<std::size_t> private_bytes(pid_t pid);
/// utime + stime, in ticks of 10 ms as a rule.
std::optional<Duration> cpu_time(pid_t pid);

}  // namespace girin::test
