#pragma once

// A server's status as people read it: for girin status and girin top. Not here: where it comes from.

#include <boost/json/object.hpp>

#include <string>

namespace girin {

/// Lines of any length, each with its end. `status` is what GET /v1/status gives; what is missing in it is left out.
std::string status_text(const boost::json::object& status);

/// For a terminal: at most so many lines and columns (of ASCII; others may be cut short).
std::string cut_to_screen(const std::string& text, std::size_t rows, std::size_t columns);

}  // namespace girin
