#pragma once

// How many cores are ours to use: what the CPU affinity allows, and what the cgroup's quota pays for.

#include <cstddef>

#include "supervisor/settings/cgroup.hpp"

namespace girin {

/// Pure: `allowed` cores, or fewer where a quota of our cgroup, or of one above it, is less; a part of a core counts as
/// a whole one. Both cgroup versions, mounted where distributions and containers do. Never 0; what can't be understood
/// limits nothing.
std::size_t usable_cores(std::size_t allowed, const ReadKernelFile& read);

/// Of this process, now.
std::size_t usable_cores();

}  // namespace girin
