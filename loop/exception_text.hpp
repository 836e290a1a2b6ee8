#pragma once

// What an exception says, for a log line or an error. With its type: loop/base/uncaught.hpp.

#include <exception>
#include <string>

namespace girin {

/// Its what(); of one that is no std::exception, what can be said. Empty: there is none. Threads: any.
std::string exception_text(const std::exception_ptr& exception);

/// Of the exception that is being handled.
std::string current_exception_text();

}  // namespace girin
