#include "supervisor/crew/fleet_settings.hpp"

#include <algorithm>

#include "worker/process/scoreboard.hpp"

namespace girin {

FleetOptions to_fleet_options(const Settings& settings) {
    FleetOptions options;
    options.max_workers = std::max<std::size_t>(options.max_workers, 2 * std::max(settings.workers, settings.workers_most));
    options.surge = std::max<std::size_t>(settings.surge, 1);
    options.boot_timeout = settings.boot_timeout;
    options.soak = settings.soak;
    options.roll_back_window = settings.roll_back_window;
    options.outlives_first_failure = settings.reload_on_change;
    options.graceful_timeout = settings.graceful_timeout + kDrainMargin;
    options.leaving_limit = kLeavingLimit;
    options.abort_grace = kAbortGrace;
    options.seed = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
    return options;
}

}  // namespace girin
