#include "girin/base/error.hpp"

#include <cctype>
#include <cstring>

namespace girin {

std::string errno_text(int errno_value) {
    char buffer[128];
    std::string text = ::strerror_r(errno_value, buffer, sizeof buffer);
    const bool acronym = text.size() > 1 && std::isupper(static_cast<unsigned char>(text[1]));
    if (!text.empty() && !acronym) text[0] = static_cast<char>(std::tolower(text[0]));
    return text;
}

Error Error::from_errno(int errno_value, std::string_view action, std::string_view object) {
    std::string message(action);
    if (!object.empty()) message.append(" ").append(object);
    message.append(": ").append(errno_text(errno_value));
    Error error(std::move(message));
    error.errno_value_ = errno_value;
    return error;
}

Error Error::within(std::string_view context) const {
    Error outer = *this;
    outer.message_ = std::string(context) + ": " + message_;
    return outer;
}

}  // namespace girin
