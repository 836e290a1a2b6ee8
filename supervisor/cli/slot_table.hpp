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

}  // namespace girin
