#pragma once

// What this machine or container leaves us, for one line at the start, and whether the settings fit. Not here: finding
// out about cgroups (settings/cgroup.hpp, settings/cpus.hpp).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace girin {

struct ProcessLimits {
    std::size_t usable_cores = 1;
    std::size_t machine_cores = 1;
    std::optional<std::uint64_t> memory_bytes;  // of our cgroup; none: no limit
    std::optional<std::uint64_t> descriptors;   // that a process may have open; none: no limit

    ProcessLimits() = default;
};

/// Of this process, now.
ProcessLimits read_limits();

/// "Limits: 2 of 8 processors, 512 MiB of memory, 1024 descriptors in a process"; empty: there is no limit.
std::string limits_text(const ProcessLimits& limits);

/// Why a worker can't have so many connections open; none: it can.
std::optional<std::string> connections_doubt(const ProcessLimits& limits, std::uint64_t worker_connections);

}  // namespace girin
