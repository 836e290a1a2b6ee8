#pragma once

// What of others' libraries crosses the border between girin and an application, told in the application's file. A
// header whose types are laid out by such a library says so with one line, and every object that includes it has a
// constant that tells with which version and options it was compiled. The loader (worker/app) compares those that it
// finds in a library with its own, before any code runs. Who includes no such header, like girin/app.hpp alone, may
// use any version of these libraries.

#include <boost/version.hpp>

/// `GIRIN_CROSSES(asio, "Boost.Asio 1_81")`: `what` is a name, `version` a text literal. At most once for a name in a
/// translation unit.
#define GIRIN_CROSSES(what, version)                                                                               \
    extern "C" {                                                                                                   \
    extern const char girin_crossing_##what[sizeof(version)] __attribute__((weak, visibility("default")));         \
    __attribute__((used)) const char girin_crossing_##what[sizeof(version)] = version;                             \
    }                                                                                                              \
    static_assert(true)
