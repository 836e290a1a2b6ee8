#pragma once

// Error: an outcome that the caller handles, as action, object and reason. Result<T>: a value or an Error.
// Not here: bugs (check.hpp) and exceptions of applications.

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "girin/base/boost_types.hpp"

namespace girin {

/// What failed, told so that an operator can act on it: "bind 0.0.0.0:80: permission denied".
class Error {
  public:
    Error() = default;
    /// An error of our own: nothing the system said.
    explicit Error(std::string message) : message_(std::move(message)) {}
    /// Told in words of our own, with an errno for callers that tell cases apart.
    Error(std::string message, int errno_value) : message_(std::move(message)), errno_value_(errno_value) {}

    /// `errno_value` as the reason. The message becomes "<action> <object>: <reason>"; an empty object is left out.
    static Error from_errno(int errno_value, std::string_view action, std::string_view object = {});

    const std::string& message() const { return message_; }
    /// The errno behind it, 0 where none is.
    int errno_value() const { return errno_value_; }

    /// The same error, told as part of something larger: "<context>: <message>".
    Error within(std::string_view context) const;

  private:
    std::string message_;
    int errno_value_ = 0;
};

/// Text of an errno value, in lower case as it stands inside a sentence: "permission denied".
std::string errno_text(int errno_value);

template <class T>
using Result = boost::system::result<T, Error>;

/// What Result::value() throws when there is none.
[[noreturn]] inline void throw_exception_from_error(const Error& error,
                                                    const boost::source_location& = {}) {
    throw std::runtime_error(error.message());
}

}  // namespace girin
