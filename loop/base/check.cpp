#include "girin/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace girin::detail {

void check_failed(const char* condition, const char* why, const char* file, int line) {
    std::fprintf(stderr, "girin: %s:%d: %s (check failed: %s)\n", file, line, why, condition);
    std::abort();
}

}  // namespace girin::detail
