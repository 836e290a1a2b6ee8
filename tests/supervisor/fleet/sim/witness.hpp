#pragma once

// What can be seen from outside the Fleet: the processes there are, what they were told, what was reported.
// The invariants (invariants.hpp) are judged on this and on nothing that the Fleet says about itself, but its
// wishes (wanted, deadlines).

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "supervisor/health/health_judge.hpp"
#include "supervisor/survey/worker_survey.hpp"
#include "supervisor/upgrade/upgrade.hpp"
#include "tests/supervisor/fleet/sim/ailment.hpp"

namespace girin::sim {

/// How a worker's memory goes: it grows, slowly or never, and has peaks that it gives back.
struct Habit {
    std::uint64_t base_bytes = 0;
    std::uint64_t growth_bytes = 0;  // a second
    std::uint64_t peak_bytes = 0;
    Duration between_peaks = std::chrono::seconds(4);
    Duration peak = std::chrono::seconds(1);

    Habit() = default;
    std::uint64_t resident_at(Duration age) const {
        const auto grown = static_cast<std::uint64_t>(age / std::chrono::milliseconds(1)) * growth_bytes / 1000;
        return base_bytes + grown + (age % between_peaks < peak ? peak_bytes : 0);
    }
};

/// What the server's settings say of surveys and hangs. A reload may change the first.
struct WatchSettings {
    SurveyOptions survey;
    HealthOptions health;

    WatchSettings() = default;
    bool has_range = false;  // as they were read: operators may have moved its ends together since
};

/// How a spawn ends, once that is settled; the Fleet is told next.
struct SpawnOutcome {
    pid_t pid = 0;  // 0: it failed
    std::string why;
    ExitCode code = ExitCode::failure;

    SpawnOutcome() = default;
    explicit SpawnOutcome(pid_t worker) : pid(worker) {}
    SpawnOutcome(std::string reason, ExitCode boot_code) : why(std::move(reason)), code(boot_code) {}
};

/// A fake zygote.
struct FakeZygote {
    std::uint32_t generation = 0;
    bool alive = true;
    bool wanted = true;  // until it is ended, or has died

    FakeZygote() = default;
};

/// A fake process, from the spawn action to the end.
struct Process {
    pid_t pid = 0;  // 0 until the spawn was answered
    std::size_t slot = 0;
    std::uint32_t generation = 0;
    bool alive = true;
    bool ready = false;
    bool told_to_end = false;   // or its spawn was called off
    bool called_off = false;     // before it was answered
    bool sent_kill = false;
    bool has_a_reason = false;   // to be ended: it was reported silent, or asked to be replaced
    bool is_probe = false;
    std::uint64_t decision = 0;  // that it was spawned by
    bool is_respawn = false;
    int exits_reported = 0;
    int answers = 0;             // to its spawn
    std::optional<SpawnOutcome> outcome;  // where zygotes fork
    bool sent_order = false;     // to end: what called_off alone is not
    TimePoint asked_at{};
    TimePoint told_at{};
    TimePoint ready_at{};
    Ailment ailment;
    bool is_examined = false;    // since it hangs
    Duration allowed{};          // to be silent, when it was last looked at
    Duration worked{};           // its loop was at work for so long
    enum class WorkPlace { loop, kernel, pool };
    WorkPlace work_place = WorkPlace::loop;  // where it shows: in turns, in the processor's clock, in threads that are busy
    double busy_now = 0;         // 0 … 1
    Habit habit;
    int looks_too_large = 0;     // in a row
    bool said_to_be_worn = false;

    Process() = default;
};

/// A fake successor of the whole server.
struct Successor {
    bool alive = true;
    bool taken = false;  // it has taken over
    bool finished = false;  // its rehearsal, and ended with 0
    bool sent_kill = false;
    std::optional<TimePoint> ready_at;
    std::optional<TimePoint> failed_at;  // it was reported so

    Successor() = default;
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
    std::optional<std::uint32_t> watched;  // the generation that may be gone back from
    bool reload_has_moved = false;     // begun or ended by the decision that is being judged
    std::uint32_t committed = 1;       // the generation
    TimePoint committed_at{};
    bool has_gone_back = false;        // since the last reload that somebody asked for was committed
    std::size_t faults = 0;            // of the committed generation, in its window
    std::size_t faults_to_go_back = 0;
    Duration roll_back_window{};
    double respawn_tokens = 0;         // our own count of what the limit leaves
    double respawn_burst = 1;
    double respawns_per_second = 1;
    TimePoint respawn_tokens_at{};
    std::uint64_t decision = 0;
    TimePoint now{};
    std::size_t slots = 0;
    std::size_t wanted = 0;
    std::size_t wanted_before = 0;  // the decision that is being judged
    std::size_t surge = 1;
    Duration longest_wait{};    // no deadline may be further away
    Duration longest_ladder{};  // from being told to end until KILL
    Duration longest_spawn{};   // from the order until it is called off
    std::optional<TimePoint> next_deadline;
    bool is_tick = false;  // what is decided on
    std::map<std::uint32_t, FakeZygote> zygotes;  // all there ever were, by id
    std::set<pid_t> unknown_children;   // forked by zygotes, and nobody's yet
    std::vector<Successor> successors;  // all there ever were; only the last may live
    bool open_upgrade = false;          // it has no outcome yet
    bool asked_to_finish = false;       // the soak of the successor
    Duration upgrade_soak{};
    Duration successor_patience{};      // from its failure until KILL
    WatchSettings watches;          // in force; operators' words included
    double demand = 0;              // so many workers' work is asked for
    double queued = 0;              // connections
    int looks_too_busy = 0;         // in a row, with all that were wanted there and nothing else going on
    int looks_too_idle = 0;
    int looks_undisturbed = 0;
    bool went_down = false;         // the load, since anything but the load has changed
    Duration look_interval{};       // of the judge
    bool asked_to_stop = false;
    bool ever_ready = false;
    std::optional<ExitCode> exited;
    std::optional<Violation> violation;

    Witness() = default;

    std::size_t serving() const;      // alive, ready, not told to end
    std::size_t not_leaving() const;  // alive or being spawned, not told to end
    void note_fault(const Process& process);
    /// Something that a number of workers can't be blamed for: a change of load, a failure, an operator.
    void disturb();
    /// The process that was last in the slot; null: none ever was.
    Process* last_in(std::size_t slot);
    /// The first one stands: what follows is its consequence.
    void found(std::string name, std::string detail);
};

}  // namespace girin::sim
