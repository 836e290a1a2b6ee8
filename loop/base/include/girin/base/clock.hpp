#pragma once

// The one clock that decisions are made on: monotonic, never the wall. Pure cores are handed `now` by their shell.

#include <chrono>
#include <string>

namespace girin {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = std::chrono::nanoseconds;

/// "1.5 s", "20 ms", "3 min": a duration as a log line tells it.
std::string to_text(Duration duration);

}  // namespace girin
