#pragma once

// The built-in application `girin demo`: something to look at before there is an own one, and what tests and
// benchmarks aim at. `/` greets, /info tells about the worker, /headers about the request, /echo, /sleep/MS and
// /stream/COUNT/SIZE do as they are called.

#include <memory>
#include <string_view>

#include "girin/app/application.hpp"

namespace girin {

/// What one request may ask of the demo.
struct DemoLimits {
    static constexpr std::uint64_t kSleepMs = 60'000;
    static constexpr std::uint64_t kStreamPieces = 1'000'000;
    static constexpr std::uint64_t kStreamPieceBytes = 1 << 20;
    static constexpr std::uint64_t kStreamBytes = std::uint64_t{16} << 30;
};

std::unique_ptr<Application> make_demo_application();

/// An Accept field's wish: text/html named, and not liked less than text/plain. A wildcard alone is no wish.
bool prefers_html(std::string_view accept);

}  // namespace girin
