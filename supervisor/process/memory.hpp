#pragma once

// How much memory a process holds, as the kernel counts it. Read from /proc, without a wait for the process asked about.
// Not here: what is too much (recycle_watch.hpp).

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace girin {

/// Resident bytes of a child that isn't reaped. Nothing: it is gone, or /proc isn't there.
///
/// From statm: the kernel's own counters. Proportional shares (smaps_rollup) would have the reader wait for the
/// process's memory lock, and so the master for a worker that is stuck in a page fault.
std::optional<std::uint64_t> resident_bytes(pid_t pid);

}  // namespace girin
