#pragma once

// Notes as JSON, by Boost.JSON. Not here: which answer says what (notes.cpp).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store.hpp"

namespace notes {

/// The text of {"text": "…"}. Errors: HttpError 400 for what isn't JSON, 422 for JSON that isn't this.
std::string text_of_json(std::string_view body);

std::string to_json(const Note& note);
std::string to_json(const std::vector<Note>& notes);
/// {"error":"…"} and {"bytes":…}
std::string json_error(std::string_view what);
std::string json_bytes(std::uint64_t bytes);

}  // namespace notes
