#pragma once

// Lists of processors as settings write them, and which of a list comes next. Pure. Not here: which there are
// (process/affinity.hpp), and how many workers that allows (cpus.hpp).

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "girin/base/error.hpp"

namespace girin {

/// Numbers of processors, ascending.
using CpuList = std::vector<unsigned>;

/// As large as the kernel's largest.
inline constexpr unsigned kMostCpus = 8192;

/// "auto", or numbers and ranges such as "0,2,4-7"; nothing about this machine.
Result<void> check_cpu_list(const std::string& text);

/// "auto" is all of `allowed`. Errors: no such list; one that isn't in `allowed`.
Result<CpuList> choose_cpus(const std::string& text, const CpuList& allowed);

/// Of `cpus`, the first that fewest of `taken` name. `cpus` isn't empty.
unsigned least_taken_cpu(const CpuList& cpus, const CpuList& taken);

}  // namespace girin
