#pragma once

// How a load run is told: a table for people, JSON for programs.

#include <string>

#include "tests/load/totals.hpp"

namespace girin::load {

std::string to_table(const LoadTotals& totals);
std::string to_json(const LoadTotals& totals);

}  // namespace girin::load
