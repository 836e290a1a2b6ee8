#pragma once

// How text from elsewhere (a client, an application, the environment) enters a log line, JSON or a terminal: one rule for
// all of them. Not here: the lines (log.hpp, worker/log/access_format.hpp).

#include <cstddef>
#include <string>
#include <string_view>

namespace girin {

/// Where the text will stand.
enum class Escape {
    bare,    // as a sentence: quotes stay
    quoted,  // between two `"` of a text line
    json,    // between two `"` of JSON
};

/// Appends `text` so that it can neither end its place nor its line, nor turn or hide what stands beside it on a screen:
/// controls (U+0000 to U+001F, U+007F to U+009F), line and paragraph separators and marks that change the direction of
/// text are escaped, as `\` is, and `"` between quotes. Text lines have \n and \xNN for each byte, JSON has \uNNNN.
/// A byte that isn't UTF-8 (RFC 3629) is \xNN in text and U+FFFD in JSON, which has no bytes.
void append_escaped(std::string& out, std::string_view text, Escape place);

/// How many bytes of `text`, which isn't empty, are one well-formed UTF-8 character; 0: none.
std::size_t utf8_length(std::string_view text);

/// `text` with each byte that isn't UTF-8 as U+FFFD.
std::string to_utf8(std::string_view text);

}  // namespace girin
