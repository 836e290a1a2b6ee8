#include "supervisor/turn/common.hpp"

#include <unistd.h>

#include <utility>

#include "girin/log.hpp"
#include "supervisor/crew/fleet_settings.hpp"

namespace girin {
namespace {

/// Without a way back there is nothing better than to try on: the workers of the former binary serve meanwhile.
FleetOptions options_of(const Settings& settings, const Standing& standing) {
    FleetOptions options = to_fleet_options(settings);
    if (standing.has_no_way_back) options.outlives_first_failure = true;
    return options;
}

}  // namespace

Common::Common(Os& system, SupervisorSetup given, Generations first, Standing how)
    : os(system),
      setup(std::move(given)),
      standing(std::move(how)),
      generations(std::move(first)),
      fleet(options_of(generations.committed().settings, standing)),
      workers(os, wait) {}

Result<void> Common::open() {
    auto lines = Scoreboard::create(fleet.slots());
    if (!lines) return lines.error();
    board = std::move(*lines);
    if (!board.can_be_locked()) log_warning("The kernel refuses memfd_create: workers could write each other's scoreboard lines");
    if (auto prepared = report.prepare(fleet.slots(), settings().name, os.now()); !prepared) return prepared.error();
    auto opened = EventWait::open();
    if (!opened) return opened.error();
    wait = std::move(*opened);
    return {};
}

FleetOptions Common::fleet_options(const Settings& settings) const { return options_of(settings, standing); }

void log_listening(const ListenerSet& listeners) {
    for (const Listener& listener : listeners.listeners()) {
        const std::string scheme = listener.is_unix() ? "" : "http://";
        log_info("Listening at: " + scheme + listener.text() + " (" + std::to_string(::getpid()) + ")");
    }
}

std::string listener_lines(const ListenerSet& listeners) {
    std::string lines;
    for (const Listener& listener : listeners.listeners()) lines.append(listener.text()).append("\n");
    return lines;
}

}  // namespace girin
