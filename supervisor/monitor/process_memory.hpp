#pragma once

// How much memory a process has, as /proc tells.

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace girin {

struct ProcessMemory {
    std::uint64_t rss_bytes = 0;
    /// What it shares with others is divided among them. Nothing: the kernel doesn't let us look (another user's
    /// process), or has no smaps_rollup.
    std::optional<std::uint64_t> pss_bytes;
};

/// Nothing: no such process. Blocks: reads /proc, for milliseconds where a process has gigabytes.
std::optional<ProcessMemory> read_process_memory(pid_t pid);

}  // namespace girin
