// Apart from its users: a compiler that sees both sides takes malloc and delete for a mismatch.

#include "tests/worker/http/counted_new.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> count = 0;
}

void* operator new(std::size_t size) {
    ++count;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace girin::test {
std::size_t allocations() { return count; }
}  // namespace girin::test
