#include "supervisor/settings/cpus.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <string_view>
#include <thread>
#include <vector>

#include "supervisor/settings/cgroup.hpp"

namespace girin {
namespace {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

std::size_t cores_of(std::string_view quota, std::string_view period) {
    const auto paid = positive_number(quota), every = positive_number(period);
    if (!paid || !every) return kNoLimit;
    return static_cast<std::size_t>(*paid / *every + (*paid % *every != 0));
}

std::size_t v2_limit(const std::string& directory, const ReadKernelFile& read) {
    const auto text = read(directory + "/cpu.max");
    if (!text) return kNoLimit;
    std::string_view rest = *text;
    const std::string_view quota = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(quota.size() + 1, rest.size()));
    return cores_of(quota, rest);
}

std::size_t v1_limit(const std::string& directory, const ReadKernelFile& read) {
    const auto quota = read(directory + "/cpu.cfs_quota_us");
    const auto period = read(directory + "/cpu.cfs_period_us");
    return quota && period ? cores_of(*quota, *period) : kNoLimit;
}

std::size_t least_limit(const std::string& mount, const std::optional<std::string>& path,
                        std::size_t (*limit)(const std::string& directory, const ReadKernelFile& read),
                        const ReadKernelFile& read) {
    std::size_t least = kNoLimit;
    for (const std::string& directory : cgroup_directories(mount, path)) least = std::min(least, limit(directory, read));
    return least;
}

std::size_t affinity_cores() {
    for (std::size_t cpus = 1024; cpus <= 1024 * 1024; cpus *= 2) {
        std::vector<cpu_set_t> mask(cpus / CPU_SETSIZE);
        const std::size_t bytes = mask.size() * sizeof(cpu_set_t);
        if (::sched_getaffinity(0, bytes, mask.data()) == 0) {
            return static_cast<std::size_t>(CPU_COUNT_S(bytes, mask.data()));
        }
        if (errno != EINVAL) break;  // EINVAL: this machine has more cores than the mask
    }
    return std::thread::hardware_concurrency();
}

}  // namespace

std::size_t usable_cores(std::size_t allowed, const ReadKernelFile& read) {
    const CgroupPaths paths = parse_cgroup_paths(read("/proc/self/cgroup").value_or(""));
    std::size_t cores = allowed;
    for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
        cores = std::min(cores, least_limit(mount, paths.v2, v2_limit, read));
    }
    for (const char* mount : {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"}) {
        cores = std::min(cores, least_limit(mount, paths.v1_cpu, v1_limit, read));
    }
    return std::max<std::size_t>(cores, 1);
}

std::size_t usable_cores() {
    return usable_cores(affinity_cores(), read_kernel_file);
}

}  // namespace girin
