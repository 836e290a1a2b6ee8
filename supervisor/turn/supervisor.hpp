#pragma once

// The supervisor: the master's parts put together, and its turn. One wait over all of their sources and the clock; what
// they put into the inbox goes to the Fleet, or to all of them; what the Fleet decides is carried out by them. Single-
// threaded, without Asio, and never blocks. Not here: what any of it is about (the parts), decisions (fleet/), and what
// comes before the loop and after it (start/).

#include <memory>
#include <optional>
#include <vector>

#include "supervisor/control/operator_signals.hpp"
#include "supervisor/control/operators.hpp"
#include "supervisor/crew/crew.hpp"
#include "supervisor/health/workers_health.hpp"
#include "supervisor/hooks/hooks_part.hpp"
#include "supervisor/reload/reloader.hpp"
#include "supervisor/survey/surveyor.hpp"
#include "supervisor/systemd/service_part.hpp"
#include "supervisor/turn/common.hpp"
#include "supervisor/turn/part.hpp"
#include "supervisor/upgrade/succession.hpp"
#include "supervisor/upgrade/trial.hpp"

namespace girin {

class Supervisor {
  public:
    /// `os` is borrowed. Signals must be blocked.
    Supervisor(Os& os, SupervisorSetup setup, Generations generations);

    /// Runs until everything has stopped. Blocks for as long as the server lives. At most once.
    SupervisorEnd run();

  private:
    Result<void> begin();
    void turn();
    std::optional<TimePoint> earliest_deadline() const;
    Part* owner_of(SourceKind kind) const;
    void on_ready(ReadySource source);
    void tick_if_due(TimePoint now);
    void settle();
    void decide(const FleetEvent& event);
    void tell(const Order& order);
    void tell_when_first_ready();
    std::vector<pid_t> children() const;
    void reap_adopted_children();
    void leave_master(const Kept& kept);
    SupervisorEnd finish();
    void wait_for_elders();
    void wait_for_monitor();

    Common common_;
    OperatorSignals signals_;
    Reloader reloader_;
    WorkersHealth health_;
    Surveyor surveyor_;
    Succession succession_;
    std::unique_ptr<Trial> trial_;  // null: we are nobody's successor
    Crew crew_;
    ServicePart service_;
    Operators operators_;
    HooksPart hooks_;
    std::vector<Part*> parts_;  // all of these, in the order in which they hear of things
    Inbox inbox_;
    std::optional<SupervisorEnd> end_;
};

}  // namespace girin
