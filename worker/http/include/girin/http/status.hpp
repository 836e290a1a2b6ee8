#pragma once

// Status codes and their reason phrases (RFC 9110 §15 and the IANA registry).

#include <string_view>

namespace girin {

/// "Not Found"; "Unknown" for a code without a registered phrase.
std::string_view reason_phrase(int status);

constexpr bool is_interim(int status) { return status >= 100 && status < 200; }

/// Whether an answer with that status never has a body, whatever the method (RFC 9112 §6.3).
constexpr bool is_bodiless(int status) { return is_interim(status) || status == 204 || status == 304; }

}  // namespace girin
