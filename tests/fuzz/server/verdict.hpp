#pragma once

// How an oracle says no: the process ends with what was expected, as a fuzzer and a test runner both understand.

#include <cstdio>
#include <cstdlib>
#include <string>

namespace girin::test {

[[noreturn]] inline void wrong(const std::string& what) {
    std::fprintf(stderr, "WRONG: %s\n", what.c_str());
    std::abort();
}

inline void expect(bool holds, const char* what) {
    if (!holds) wrong(what);
}

inline void expect(bool holds, const char* what, const std::string& seen) {
    if (!holds) wrong(std::string(what) + ": " + seen);
}

}  // namespace girin::test
