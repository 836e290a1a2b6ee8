#pragma once

// What can be seen from outside the Fleet: the processes there are, what they were told, what was reported.
// The invariants (invariants.hpp) are judged on this and on nothing that the Fleet says about itself, but its
// wishes (wanted, deadlines).

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "supervisor/fleet/fleet.hpp"

namespace girin::sim {

/// A fake process, from the spawn action to the end.
struct Process {
    pid_t pid = 0;  // 0 until the spawn was answered
    std::size_t slot = 0;
    std::uint32_t generation = 0;
    bool alive = true;
    bool ready = false;
    bool told_to_end = false;
    bool sent_kill = false;
    int exits_reported = 0;
    TimePoint told_at{};

    Process() = default;
};

struct Violation {
    std::string invariant;
    std::string detail;

    Violation(std::string name, std::string what) : invariant(std::move(name)), detail(std::move(what)) {}
};

struct Witness {
    std::vector<Process> processes;          // all there ever were in this episode
    std::map<std::size_t, std::size_t> in_slot;  // slot → index of the live process
    std::set<std::uint32_t> dropped;
    std::optional<std::uint32_t> open_reload;
    TimePoint now{};
    std::size_t slots = 0;
    std::size_t wanted = 0;
    std::size_t wanted_before = 0;  // the decision that is being judged
    std::size_t surge = 1;
    Duration longest_wait{};    // no deadline may be further away
    Duration longest_ladder{};  // from being told to end until KILL
    std::optional<TimePoint> next_deadline;
    bool asked_to_stop = false;
    bool ever_ready = false;
    std::optional<ExitCode> exited;
    std::optional<Violation> violation;

    Witness() = default;

    std::size_t serving() const;      // alive, ready, not told to end
    std::size_t not_leaving() const;  // alive or being spawned, not told to end
    /// The first one stands: what follows is its consequence.
    void found(std::string name, std::string detail) {
        if (!violation) violation.emplace(std::move(name), std::move(detail));
    }
};

}  // namespace girin::sim
