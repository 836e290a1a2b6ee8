#pragma once

// The slots of a status as a table with one line for each worker.

#include <boost/json/array.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace girin {

/// Lines, the first with the columns' names; none: there is no worker. Slots that nobody is in are left out. Columns that
/// matter least are left out until the lines fit `width`, where that is possible.
std::vector<std::string> slot_table(const boost::json::array& slots, std::size_t width);

/// "Slot 2: GET /report from 192.0.2.1:5312 has kept its loop for 2.1 s", for each worker that something keeps; and of
/// pools in which jobs wait for long, for how long.
std::vector<std::string> held_lines(const boost::json::array& slots);

}  // namespace girin
