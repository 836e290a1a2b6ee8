#pragma once

// The master whose successor we are, as far as it concerns us: what it has handed over, and the line to it. As PID 1 it
// was this very process, and there is no line. Until it tells us to take over, or is gone, we are on trial: its
// pidfile, its socket files and its service manager are its own.

#include <optional>

#include "supervisor/upgrade/handover.hpp"

namespace girin {

class Predecessor {
  public:
    Predecessor() = default;

    /// From the environment, which loses the variable. Nothing: we were started by somebody else. Errors: what was
    /// handed over isn't understood.
    static Result<std::optional<Predecessor>> take();

    /// It was this process, with another binary.
    bool is_in_place() const { return handover_.in_place; }
    const Handover& handover() const { return handover_; }
    int channel() const { return channel_.get(); }
    void hang_up() { channel_.reset(); }

  private:
    Handover handover_;
    UniqueFd channel_;
};

}  // namespace girin
