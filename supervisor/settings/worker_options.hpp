#pragma once

// What the settings mean for a worker, which never sees Settings; and for the log that it shares with the master.

#include <optional>
#include <string>

#include "loop/base/log_output.hpp"
#include "supervisor/settings/settings.hpp"
#include "worker/process/options.hpp"

namespace girin {

/// Limits of 0 become the largest that can be set where a worker always needs a limit, and the limit of a whole head
/// grows with those of its parts. What isn't a setting keeps WorkerOptions' default.
WorkerOptions to_worker_options(const Settings& settings);
/// "X-Forwarded", "Forwarded" or "none", in any case.
std::optional<ForwardedHeader> parse_forwarded_header(const std::string& text);
LogOptions to_log_options(const Settings& settings);

}  // namespace girin
