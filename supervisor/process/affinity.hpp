#pragma once

// Which processors a process may run on. The set that we were given (by taskset, a cpuset, a container) bounds it.

#include "supervisor/settings/cpu_list.hpp"

namespace girin {

/// Those that this process may run on. Empty: the kernel doesn't say.
CpuList allowed_cpus();

/// From now on the calling thread, and those that it starts, run there alone. Errors: not allowed any more.
Result<void> run_on_cpu(unsigned cpu);

}  // namespace girin
