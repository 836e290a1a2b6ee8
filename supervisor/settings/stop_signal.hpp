#pragma once

// The signals that a program of `--exec` may be asked to end by. Not here: those that the master itself understands
// (process/signals.hpp).

#include <optional>
#include <string_view>

namespace girin {

/// "TERM", "SIGTERM" → SIGTERM. Nothing: none of those by which programs are asked to end.
std::optional<int> parse_stop_signal(std::string_view name);

}  // namespace girin
