#pragma once

// A server's status as people read it: for girin status, and the upper part of girin top. Not here: where it comes from.

#include <boost/json/object.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace girin {

inline constexpr std::size_t kAnyWidth = std::numeric_limits<std::size_t>::max();

/// The server as a whole: who it is, how it is, what it does. `status` is what GET /v1/status gives; what is missing in
/// it is left out.
std::vector<std::string> server_lines(const boost::json::object& status);

/// All of it, each line with its end.
std::string status_text(const boost::json::object& status);

/// What a stop, a reload or the like waits for: workers that drain, and what they still have in hand; and those that are
/// to become ready. Empty: it doesn't show.
std::string waiting_text(const boost::json::object& status);

}  // namespace girin
