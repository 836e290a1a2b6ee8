#pragma once

// What becomes of an exception that nobody catches: the C++ runtime prints it to standard error, which leads nowhere in
// a daemon. Here it goes into the log, before the process aborts as ever.

#include <string>

namespace girin {

/// "std::runtime_error: no such table", of the exception that is being handled. Threads: any.
std::string describe_current_exception();

/// For this process from now on; a program's own std::terminate handler is left alone. Threads: any.
void log_uncaught_exceptions();

}  // namespace girin
