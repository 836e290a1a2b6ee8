#pragma once

// What girin top shows: the server, its workers, and below as many of the latest events as there is room for. Pure:
// text for a terminal of a given size. Not here: the terminal (terminal.hpp), and where the figures come from.

#include <boost/json/object.hpp>

#include <deque>
#include <string>

#include "supervisor/cli/terminal.hpp"

namespace girin {

inline constexpr std::size_t kTopEvents = 200;  // the latest that are kept for it

/// Exactly as many lines as the terminal has, none wider than it; in colours where those mean something. `events` as in
/// GET /v1/events, oldest first.
std::string top_screen(const boost::json::object& status, const std::deque<boost::json::object>& events,
                       Terminal::Size size);

}  // namespace girin
