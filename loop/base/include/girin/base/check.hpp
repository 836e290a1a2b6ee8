#pragma once

// GIRIN_CHECK: a broken promise between two parts of our own code stops the process, with place and reason; the
// supervisor starts it anew. Never used on what a peer, a file or the kernel may send: those are errors (error.hpp).

namespace girin::detail {
[[noreturn]] void check_failed(const char* condition, const char* why, const char* file, int line);
}

#define GIRIN_CHECK(condition, why) \
    (static_cast<bool>(condition)   \
         ? static_cast<void>(0)     \
         : ::girin::detail::check_failed(#condition, why, __FILE__, __LINE__))
