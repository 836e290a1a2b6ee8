#pragma once

// How many threads this process has: a fork takes only one of them along, and capabilities are each thread's own.

#include <cstddef>

namespace girin {

/// As /proc says; 0 where it isn't there. A sanitizer may have one of its own: compare two counts.
std::ptrdiff_t count_threads();

}  // namespace girin
