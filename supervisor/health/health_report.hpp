#pragma once

// The words for what health_judge.hpp has found, as they follow "worker 2 (pid 4711) hangs: ". Pure.

#include <string>

#include "supervisor/health/health_judge.hpp"

namespace girin {

/// "its loop has been in one callback for 30.2 s; spinning (CPU 99 %)". `cpu_pressure` as read_cpu_pressure().
std::string describe(const Finding& finding, const std::string& cpu_pressure = {});

}  // namespace girin
