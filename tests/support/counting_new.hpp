#pragma once

// An operator new that counts, for tests of what allocates. Linking counting_new.cpp replaces it in the whole program.

#include <cstddef>

namespace girin::test {

/// Calls of operator new since the program began. Threads: exact only where a single one allocates.
std::size_t allocations();

}  // namespace girin::test
