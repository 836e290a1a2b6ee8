#pragma once

// Stands between the Fleet and the world, and passes everything on: the base of the planted bugs, which alter
// what passes. So the Fleet that ships carries no hook for tests.

#include <optional>
#include <vector>

#include "supervisor/fleet/fleet.hpp"
#include "supervisor/health/process_sample.hpp"
#include "supervisor/survey/worker_survey.hpp"
#include "supervisor/upgrade/upgrade.hpp"
#include "supervisor/zygote/zygotes.hpp"
#include "worker/process/scoreboard.hpp"

namespace girin::sim {

/// What a turn of the master begins with.
struct MasterTurn {
    TimePoint now;
    std::optional<TimePoint> due;
    Duration suspended;
};

/// What a zygote says, and what the kernel says of the pid in it.
struct ZygoteWord {
    ZygoteReport report;
    bool is_ours = false;
};

class Saboteur {
  public:
    Saboteur() = default;
    Saboteur(const Saboteur&) = delete;
    Saboteur& operator=(const Saboteur&) = delete;
    virtual ~Saboteur() = default;

    /// What the Fleet is told instead of this event; none, one or several.
    virtual std::vector<FleetEvent> alter(FleetEvent event) { return {std::move(event)}; }
    /// What the world is asked instead of these actions.
    virtual std::vector<Action> alter(std::vector<Action> actions, const Fleet&) { return actions; }
    virtual std::vector<UpgradeAction> alter(std::vector<UpgradeAction> actions) { return actions; }
    virtual Zygotes::Actions alter(Zygotes::Actions actions) { return actions; }
    virtual ZygoteWord alter(ZygoteWord word) { return word; }
    virtual std::optional<TimePoint> alter(std::optional<TimePoint> deadline) { return deadline; }
    /// What the survey sees instead.
    virtual std::vector<WorkerLook> alter(std::vector<WorkerLook> looks) { return looks; }
    /// What the judge of hangs is told instead.
    virtual MasterTurn alter(MasterTurn turn) { return turn; }
    virtual ProcessSample alter(ProcessSample sample) { return sample; }
    virtual void alter(ScoreboardSlot&) {}
};

}  // namespace girin::sim
