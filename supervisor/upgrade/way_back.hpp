#pragma once

// The way back to the binary that a master ran before it executed a new one in place: that binary, and copies of all
// that was handed over, kept until the new one has shown that it serves. Not here: when it is gone (master.cpp).

#include <vector>

#include "supervisor/upgrade/execute.hpp"

namespace girin {

class WayBack {
  public:
    WayBack() = default;

    /// Copies of what `handover` names, but for the binary, which is taken. Errors: no more descriptors.
    static Result<WayBack> keep(const Handover& handover);

    bool exists() const { return binary_.get() >= 0; }
    /// Executes the former binary, which is told `why`. Returns only when that can't be.
    Error go(const ProgramStart& program, const std::string& why) const;
    /// The new binary stays; also for a child.
    void forget();

  private:
    Result<void> copy(int& fd);

    Handover handover_;
    std::vector<UniqueFd> copies_;
    UniqueFd binary_;
};

}  // namespace girin
