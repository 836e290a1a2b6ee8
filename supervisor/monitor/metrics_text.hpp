#pragma once

// A snapshot as Prometheus reads it: what GET /metrics answers. Counters go on when workers are replaced. Not here: the
// figures (snapshot.hpp), and statsd (statsd.hpp).

#include <string>
#include <vector>

#include "supervisor/monitor/backlogs.hpp"
#include "supervisor/monitor/snapshot.hpp"

namespace girin {

/// Prometheus' text format, version 0.0.4.
std::string metrics_text(const Snapshot& snapshot, const std::vector<Backlog>& backlogs, const std::string& version);

}  // namespace girin
