#pragma once

// Counts the allocations of the whole process. Replaces operator new, so it's linked only into tests that count.

#include <cstddef>

namespace girin::test {

std::size_t allocations();

}  // namespace girin::test
