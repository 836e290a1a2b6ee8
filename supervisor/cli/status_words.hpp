#pragma once

// Pieces of a status as words: what the JSON says, short and as people say it. What is missing or of another kind gives
// nothing or 0, for the server may be older than its command.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace girin {

/// The member `key`; null: there is none.
const boost::json::value& member(const boost::json::object& object, std::string_view key);
/// The same of a member that is an object.
boost::json::object object_member(const boost::json::object& object, std::string_view key);

double to_number(const boost::json::value& value);
/// Text as it may be shown: of what may have come from a client, nothing that a terminal would obey.
std::string to_words(const boost::json::value& value);
/// What a server has said, for a terminal: lines stay, and nothing else has an effect there (loop/base/escape.hpp).
std::string to_lines(std::string_view text);

/// "12", "-".
std::string whole_words(const boost::json::value& value);
/// "12.3"
std::string tenths_words(const boost::json::value& value);
/// "12 s", "3 min", "5 h", "2 d".
std::string age_words(double seconds);
/// "12 s ago", of a moment in milliseconds since 1970.
std::string ago_words(const boost::json::value& at_ms);
/// "12.3M", "-".
std::string memory_words(const boost::json::value& bytes);
/// "12 ms", "1.2 s".
std::string lag_words(const boost::json::value& seconds);
/// "0.4 ms", "12 ms", "1.2 s", "-".
std::string latency_words(const boost::json::value& seconds);
/// "12%"
std::string percent_words(const boost::json::value& share);

}  // namespace girin
