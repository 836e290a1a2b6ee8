#pragma once

// How a zygote stands, for whoever tells of it. Not here: what is decided about it (zygotes.hpp).

#include <sys/types.h>

#include <cstdint>
#include <string_view>

#include "girin/base/clock.hpp"

namespace girin {

enum class ZygoteState : std::uint8_t {
    none,     // no process
    loading,  // it has been started
    idle,     // the application is loaded
    forking,  // it was asked for a worker
};
std::string_view to_text(ZygoteState state);

/// One that has a process.
struct ZygoteView {
    std::uint32_t generation = 0;
    pid_t pid = 0;
    ZygoteState state = ZygoteState::none;
    TimePoint since{};

    ZygoteView() = default;
};

}  // namespace girin
