#pragma once

// A snapshot, and the master's events, as JSON: what GET /v1/status and /v1/events answer. Fields are only ever added.

#include <string>
#include <vector>

#include "supervisor/monitor/snapshot.hpp"

namespace girin {

std::string status_json(const Snapshot& snapshot, const std::string& version);

std::string event_json(const EventFacts& event);
/// {"events": […], "last": N}
std::string events_json(const std::vector<EventFacts>& events, std::uint64_t last);

}  // namespace girin
