#include "supervisor/process/limits.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "supervisor/settings/cgroup.hpp"
#include "supervisor/settings/cpus.hpp"
#include "supervisor/survey/recycle_watch.hpp"

namespace girin {
namespace {

// Of a worker, beside connections: logs, listeners, channel, epoll, the library's copy, and some for the application.
constexpr std::uint64_t kOwnDescriptors = 16;

void add_part(std::string& text, const std::string& part) { text += (text.empty() ? "Limits: " : ", ") + part; }

}  // namespace

ProcessLimits read_limits() {
    ProcessLimits limits;
    limits.usable_cores = usable_cores();
    limits.machine_cores = static_cast<std::size_t>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
    limits.memory_bytes = memory_limit(read_kernel_file);
    rlimit descriptors{};
    const bool known = ::getrlimit(RLIMIT_NOFILE, &descriptors) == 0 && descriptors.rlim_cur != RLIM_INFINITY;
    if (known) limits.descriptors = descriptors.rlim_cur;
    return limits;
}

std::string limits_text(const ProcessLimits& limits) {
    std::string text;
    if (limits.usable_cores < limits.machine_cores) {
        add_part(text, std::to_string(limits.usable_cores) + " of " + std::to_string(limits.machine_cores) + " processors");
    }
    if (limits.memory_bytes) add_part(text, size_text(*limits.memory_bytes) + " of memory");
    if (limits.descriptors) add_part(text, std::to_string(*limits.descriptors) + " descriptors in a process");
    return text;
}

std::optional<std::string> connections_doubt(const ProcessLimits& limits, std::uint64_t worker_connections) {
    if (!limits.descriptors || worker_connections + kOwnDescriptors <= *limits.descriptors) return std::nullopt;
    return "worker-connections " + std::to_string(worker_connections) + ": a process may have only " +
           std::to_string(*limits.descriptors) + " descriptors open; raise that (ulimit -n, LimitNOFILE=), or set fewer";
}

}  // namespace girin
