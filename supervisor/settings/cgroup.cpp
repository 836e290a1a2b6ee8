#include "supervisor/settings/cgroup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "girin/base/unique_fd.hpp"

namespace girin {
namespace {

// Version 1 says "no limit" by the largest number of pages.
constexpr std::uint64_t kUnlimited = std::uint64_t{1} << 60;

std::string_view next_part(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

bool names(std::string_view controllers, std::string_view one) {
    while (!controllers.empty()) {
        if (next_part(controllers, ',') == one) return true;
    }
    return false;
}

void take_least(std::optional<std::uint64_t>& least, const std::optional<std::string>& text) {
    const auto limit = text ? positive_number(*text) : std::nullopt;
    if (limit && *limit < kUnlimited) least = std::min(least.value_or(*limit), *limit);
}

}  // namespace

std::optional<std::string> read_kernel_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return std::nullopt;
    char text[4096];
    const ssize_t got = ::read(fd.get(), text, sizeof text);
    if (got < 0) return std::nullopt;
    return std::string(text, static_cast<std::size_t>(got));
}

CgroupPaths parse_cgroup_paths(std::string_view text) {
    CgroupPaths paths;
    while (!text.empty()) {
        std::string_view line = next_part(text, '\n');
        const std::string_view hierarchy = next_part(line, ':');
        const std::string_view controllers = next_part(line, ':');
        if (hierarchy == "0" && controllers.empty()) paths.v2 = std::string(line);
        if (names(controllers, "cpu")) paths.v1_cpu = std::string(line);
        if (names(controllers, "memory")) paths.v1_memory = std::string(line);
    }
    return paths;
}

std::vector<std::string> cgroup_directories(const std::string& mount, const std::optional<std::string>& path) {
    if (!path) return {};
    std::string rest = *path;
    while (rest.ends_with('/')) rest.pop_back();
    std::vector<std::string> directories = {mount + rest};
    while (!rest.empty()) {
        rest.resize(rest.rfind('/') == rest.npos ? 0 : rest.rfind('/'));
        directories.push_back(mount + rest);
    }
    return directories;
}

std::optional<std::uint64_t> positive_number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view rest = text.substr(static_cast<std::size_t>(stopped - text.data()));
    if (error != std::errc() || value == 0 || rest.find_first_not_of(" \n") != rest.npos) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> memory_limit(const ReadKernelFile& read) {
    const CgroupPaths paths = parse_cgroup_paths(read("/proc/self/cgroup").value_or(""));
    std::optional<std::uint64_t> least;
    for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
        for (const std::string& directory : cgroup_directories(mount, paths.v2)) {
            take_least(least, read(directory + "/memory.max"));
        }
    }
    for (const std::string& directory : cgroup_directories("/sys/fs/cgroup/memory", paths.v1_memory)) {
        take_least(least, read(directory + "/memory.limit_in_bytes"));
    }
    return least;
}

std::uint64_t machine_memory() {
    const long pages = ::sysconf(_SC_PHYS_PAGES), page_bytes = ::sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes) : 0;
}

}  // namespace girin
