#include "supervisor/settings/cpus.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>
#include <thread>
#include <vector>

#include "loop/base/unique_fd.hpp"

namespace girin {
namespace {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

// The directories of our cgroup and of those above it, relative to a mount: "/a/b", "/a", "".
std::vector<std::string> with_parents(std::string path) {
    while (path.ends_with('/')) path.pop_back();
    std::vector<std::string> paths = {path};
    while (!path.empty()) {
        path.resize(path.rfind('/') == path.npos ? 0 : path.rfind('/'));
        paths.push_back(path);
    }
    return paths;
}

std::string_view next_part(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

bool names_cpu(std::string_view controllers) {
    while (!controllers.empty()) {
        if (next_part(controllers, ',') == "cpu") return true;
    }
    return false;
}

struct CgroupPaths {
    std::optional<std::string> v2, v1_cpu;
};

// Lines of /proc/self/cgroup: "0::/path" for version 2, "4:cpu,cpuacct:/path" for version 1.
CgroupPaths parse_cgroup_paths(std::string_view text) {
    CgroupPaths paths;
    while (!text.empty()) {
        std::string_view line = next_part(text, '\n');
        const std::string_view hierarchy = next_part(line, ':');
        const std::string_view controllers = next_part(line, ':');
        if (hierarchy == "0" && controllers.empty()) paths.v2 = std::string(line);
        if (names_cpu(controllers)) paths.v1_cpu = std::string(line);
    }
    return paths;
}

// "max" and "-1", like all that isn't a positive number, are no quota.
std::optional<std::uint64_t> positive(std::string_view text) {
    std::uint64_t value = 0;
    const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view rest = text.substr(static_cast<std::size_t>(stopped - text.data()));
    if (error != std::errc() || value == 0 || rest.find_first_not_of(" \n") != rest.npos) return std::nullopt;
    return value;
}

std::size_t cores_of(std::string_view quota, std::string_view period) {
    const auto paid = positive(quota), every = positive(period);
    if (!paid || !every) return kNoLimit;
    return static_cast<std::size_t>(*paid / *every + (*paid % *every != 0));
}

std::size_t v2_limit(const std::string& directory, const ReadKernelFile& read) {
    const auto text = read(directory + "/cpu.max");
    if (!text) return kNoLimit;
    std::string_view rest = *text;
    const std::string_view quota = next_part(rest, ' ');
    return cores_of(quota, rest);
}

std::size_t v1_limit(const std::string& directory, const ReadKernelFile& read) {
    const auto quota = read(directory + "/cpu.cfs_quota_us");
    const auto period = read(directory + "/cpu.cfs_period_us");
    return quota && period ? cores_of(*quota, *period) : kNoLimit;
}

using Limit = std::size_t (*)(const std::string& directory, const ReadKernelFile& read);

std::size_t least_limit(const std::string& mount, const std::optional<std::string>& path, Limit limit,
                        const ReadKernelFile& read) {
    if (!path) return kNoLimit;
    std::size_t least = kNoLimit;
    for (const std::string& directory : with_parents(*path)) least = std::min(least, limit(mount + directory, read));
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

// The kernel's files that are read here are shorter than a page.
std::optional<std::string> read_kernel_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return std::nullopt;
    char text[4096];
    const ssize_t got = ::read(fd.get(), text, sizeof text);
    if (got < 0) return std::nullopt;
    return std::string(text, static_cast<std::size_t>(got));
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
