#pragma once

// Which worker serves which lane (a socket of its own with --reuse-port), and which lanes have somebody. Pure.

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "supervisor/crew/worker_set.hpp"

namespace girin {

using Workers = std::map<std::size_t, WorkerProcess>;

/// A lane for a new worker of `generation`: an orphaned one first, since connections wait there; else one that only
/// workers of other generations serve, who will leave it; else `lanes`, the next one that doesn't exist yet.
std::size_t choose_lane(const Workers& workers, std::uint32_t generation, std::size_t lanes);

/// Whether nobody else accepts, or will soon, in the lane of the worker in `slot`: what waits there is then left to it.
bool is_alone_in_lane(const Workers& workers, std::size_t slot);

/// A mark for each lane that a worker serves that is ready and accepts.
std::vector<bool> served_lanes(const Workers& workers, std::size_t lanes);

}  // namespace girin
