#pragma once

// Where our cgroup is, and what it leaves us of memory. Both versions, mounted where distributions and containers do.
// Not here: processors (cpus.hpp).

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace girin {

/// The text of a file of the kernel's; none: there is no such file.
using ReadKernelFile = std::function<std::optional<std::string>(const std::string& path)>;

/// From the real ones, which are shorter than a page.
std::optional<std::string> read_kernel_file(const std::string& path);

/// Of this process, relative to a mount; none: not in that hierarchy.
struct CgroupPaths {
    std::optional<std::string> v2, v1_cpu, v1_memory;
};

/// Lines of /proc/self/cgroup: "0::/path" for version 2, "4:cpu,cpuacct:/path" for version 1.
CgroupPaths parse_cgroup_paths(std::string_view text);

/// The directories of a cgroup and of those above it under `mount`, whose limits hold too; none without a path.
std::vector<std::string> cgroup_directories(const std::string& mount, const std::optional<std::string>& path);

/// "max" and "-1", like all that isn't a positive number, are no limit.
std::optional<std::uint64_t> positive_number(std::string_view text);

/// Pure: the least that our cgroup or one above it leaves us, in bytes; none: no limit, or none that can be understood.
std::optional<std::uint64_t> memory_limit(const ReadKernelFile& read);

/// All that there is, in bytes; 0: the kernel doesn't say.
std::uint64_t machine_memory();

}  // namespace girin
