#pragma once

// What the Fleet is told of a generation's settings, and the time that it gives workers beyond what those say.

#include "supervisor/fleet/fleet_options.hpp"
#include "supervisor/settings/settings.hpp"

namespace girin {

/// A worker that drains ends by itself when --graceful-timeout is over. The Fleet gives it this much longer, so that
/// the two don't cross and a good end isn't told as a kill. Once it says that it leaves, it has kLeavingLimit for that.
inline constexpr Duration kDrainMargin = std::chrono::seconds(1);

/// Between ABRT and KILL: enough for a worker's stacks to be read meanwhile (worker/process/crash_handler.cpp).
inline constexpr Duration kAbortGrace = std::chrono::seconds(3);

/// What the Fleet needs of the settings.
FleetOptions to_fleet_options(const Settings& settings);

}  // namespace girin
