#pragma once

// The step into a new binary: what it inherits, and exec. Not here: in which process that is done (successor.hpp for a
// child, supervisor_in_place.cpp for the master itself).

#include <string>
#include <vector>

#include "supervisor/upgrade/handover.hpp"
#include "supervisor/upgrade/program.hpp"

namespace girin {

/// Executes the binary at `path` as `program` was started, with what `handover` names. Returns only when it can't be;
/// then the descriptors are as they were.
Error execute_program(const std::string& path, const ProgramStart& program, const Handover& handover);

/// Every descriptor that a handover names.
std::vector<int> descriptors_of(const Handover& handover);

}  // namespace girin
