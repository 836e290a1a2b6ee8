#pragma once

// JSON as people read it: numbers with a fraction are written 20.1, where Boost.JSON's own way is 2.01E1.

#include <boost/json/value.hpp>

#include <string>

namespace girin {

/// Errors: none; a number that JSON can't say is null, and bytes that aren't UTF-8 are U+FFFD.
std::string json_text(const boost::json::value& value);

}  // namespace girin
