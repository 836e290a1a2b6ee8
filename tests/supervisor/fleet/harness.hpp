#pragma once

// Drives one Fleet by hand in virtual time: answers its spawns, and tells what it asked for meanwhile.

#include <optional>
#include <vector>

#include "supervisor/fleet/fleet.hpp"

namespace girin {

using Actions = std::vector<Action>;

/// Options with round numbers; the waits are those that tests name.
FleetOptions plain_options();

class Harness {
  public:
    explicit Harness(const FleetOptions& options = plain_options()) : fleet(options) {}

    /// Tells the Fleet, and answers each spawn at once. Returns all that it asked for meanwhile.
    Actions send(const FleetEvent& event);
    /// Lets the time pass, with a tick at each deadline on the way.
    Actions pass(Duration time);

    /// So many workers, all ready.
    void serve(std::size_t workers);
    Actions make_ready(std::size_t slot) { return send(FleetEvent::worker_ready(slot)); }
    /// All that are starting become ready, also those that start because of it.
    Actions make_all_ready();
    Actions crash(std::size_t slot);
    Actions finish(std::size_t slot) { return send(FleetEvent::worker_exited(slot, 0, "has finished")); }
    /// All that are being ended do end.
    Actions finish_all_leaving();
    /// A reload's first part, up to its starting canary. Returns the canary's slot.
    std::size_t reload_to_canary(std::size_t workers = 0);
    /// A whole reload that works; the former workers drain.
    Actions reload();

    std::vector<std::size_t> slots_in(WorkerState state) const;
    std::size_t count_of_generation(std::uint32_t generation, WorkerState state) const;
    WorkerState state(std::size_t slot) const { return fleet.worker(slot).state; }

    Fleet fleet;
    TimePoint now = TimePoint(std::chrono::hours(1));
    bool fork_works = true;
    bool answers_spawns = true;

  private:
    void tell(const FleetEvent& event, Actions& all);

    pid_t last_pid_ = 100;
};

std::size_t count(const Actions& actions, ActionKind kind);
/// The first of its kind; a test without one fails and ends.
const Action& first(const Actions& actions, ActionKind kind);
bool has_log(const Actions& actions, std::string_view part);

}  // namespace girin
