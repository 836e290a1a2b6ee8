#pragma once

// What stands in a query, and numbers. For more than this, Boost.URL's params_view.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace notes {

/// The first value of `name` in "a=1&b=x%20y", decoded: '+' and "%20" are blanks. A "%" that encodes nothing stays.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

/// Digits alone, and not too many of them.
std::optional<std::int64_t> parse_id(std::string_view text);

}  // namespace notes
