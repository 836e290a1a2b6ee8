#pragma once

// Reads tests/requests: NNN-name.http holds the bytes, NNN-name.expect what is to come of them. Format:
// tests/requests/README.md.

#include <string>
#include <string_view>
#include <vector>

#include "girin/base/error.hpp"
#include "worker/process/options.hpp"

namespace girin::test {

struct CorpusCase {
    std::string name;         // "012-chunked"
    std::string bytes;        // as they go over the wire
    Limits limits;            // the defaults, but for what "limit" lines say
    std::string transcript;   // valid: all other lines
    int status = 0;           // invalid
    std::string reason;       // invalid: a part of the parser's reason
};

/// All cases of a folder, by name. Errors: an unreadable or malformed file.
Result<std::vector<CorpusCase>> load_corpus(const std::string& folder);

/// The bytes that an .http file stands for.
Result<std::string> unescape(std::string_view text);

}  // namespace girin::test
