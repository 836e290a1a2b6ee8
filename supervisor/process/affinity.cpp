#include "supervisor/process/affinity.hpp"

#include <sched.h>

#include <cerrno>
#include <string>

namespace girin {
namespace {

std::size_t mask_bytes() { return CPU_ALLOC_SIZE(kMostCpus); }
std::vector<cpu_set_t> empty_mask() { return std::vector<cpu_set_t>(mask_bytes() / sizeof(cpu_set_t)); }

}  // namespace

CpuList allowed_cpus() {
    CpuList cpus;
    std::vector<cpu_set_t> mask = empty_mask();
    if (::sched_getaffinity(0, mask_bytes(), mask.data()) != 0) return cpus;
    for (unsigned cpu = 0; cpu < kMostCpus; ++cpu) {
        if (CPU_ISSET_S(cpu, mask_bytes(), mask.data())) cpus.push_back(cpu);
    }
    return cpus;
}

Result<void> run_on_cpu(unsigned cpu) {
    std::vector<cpu_set_t> mask = empty_mask();
    CPU_SET_S(cpu, mask_bytes(), mask.data());
    if (::sched_setaffinity(0, mask_bytes(), mask.data()) != 0) {
        return Error::from_errno(errno, "run on processor", std::to_string(cpu));
    }
    return {};
}

}  // namespace girin
