#pragma once

// Where coroutine frames, and the states of tasks and futures, come from: per-thread free lists by size, so that a
// steady server allocates nothing. Under AddressSanitizer it is plain new and delete, so that a use after the end is
// seen.

#include <cstddef>

namespace girin::detail {

/// Threads: any; a frame may be freed by another thread than the one that took it.
void* allocate_frame(std::size_t bytes);
void free_frame(void* frame, std::size_t bytes) noexcept;

}  // namespace girin::detail
