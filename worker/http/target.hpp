#pragma once

// The request target (RFC 9112 §3.2): its form, and its parts as they were sent. The raw path is never
// changed; decoding is one pass, so "%252F" becomes "%2F" and stays so. ".." and "%2F" are left to whoever
// maps paths to something.

#include <string>
#include <string_view>

#include "worker/http/parse_error.hpp"

namespace girin {

enum class TargetForm {
    origin,     // "/path?query"
    absolute,   // "http://host/path?query"
    authority,  // "host:port", with CONNECT only
    asterisk,   // "*", with OPTIONS only
};

/// Views of the text that was split.
struct Target {
    TargetForm form = TargetForm::origin;
    std::string_view scheme;     // absolute form: "http" or "https" as spelt
    std::string_view authority;  // absolute and authority forms: valid by parse_host()
    std::string_view path;       // raw; "/" for an absolute form without one, "*" for asterisk, empty for authority
    std::string_view query;      // raw, without "?"; what it means is the application's matter
    bool has_query = false;      // "/?" has an empty one
    bool encoded = false;        // the path holds at least one "%"
};

/// What clients have to encode in a path (RFC 3986 §2), and others would read in different ways. ("[" and "]" are none of a
/// path's either, but browsers send them.)
inline constexpr std::string_view kNeverInPath = "\"<>\\^`{|}";

/// Splits `text`, whose bytes must all be of a target's (no blanks, controls, "#" or non-ASCII). `target` is
/// filled only on success. The path is read strictly, the query not at all: it is handed over as sent. Errors: 400 for a
/// form that doesn't belong to `method`, a bad authority, and in the path a "%" without two hexadecimal digits, one of
/// the characters that no URI has (kNeverInPath), and "%00", which would cut it short for every C function behind.
ParseError split_target(std::string_view method, std::string_view text, Target& target);

/// The path with each %XX decoded once. Nothing to decode: the path itself, `storage` untouched; else a view
/// of `storage`. The path must have passed split_target().
std::string_view decode_path(const Target& target, std::string& storage);

/// `text` with each well-formed %XX decoded, appended to `out`. False: there is a malformed one; `out` then
/// holds a part.
bool append_percent_decoded(std::string& out, std::string_view text);

}  // namespace girin
