#pragma once

// The demo's answers in JSON. Apart from demo.cpp because Boost.JSON is.

#include <string>

namespace girin {

class Request;

/// {"pid":…,"slot":…,"generation":…,"requests":…,"scheme":…,"client":…,"host":…,"peer":…,"method":…,"protocol":…}
std::string demo_info(const Request& request);

/// [["Host","example.com"], …]: all fields in the order and spelling in which they came. Bytes that are not UTF-8
/// are taken for Latin-1.
std::string demo_headers(const Request& request);

}  // namespace girin
