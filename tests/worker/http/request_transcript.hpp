#pragma once

// What a parser says about some bytes, as text: for comparing with what a corpus file expects, and one way of
// cutting the bytes with another. Every call of the parser gets a fresh block of exactly the bytes it may
// look at, so that a sanitizer sees both a look beyond the end and a pointer kept from the call before.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "worker/process/options.hpp"

namespace girin::test {

/// Lines as tests/requests/README.md describes them. `cuts`: offsets into `bytes`, ascending, at which a
/// piece ends; the last piece ends with `bytes`. Broken promises of the parser (more consumed than given, a
/// view of other bytes) end the process.
std::string transcript(std::string_view bytes, const std::vector<std::size_t>& cuts, const Limits& limits);

/// Bytes as one line of text: \r \n \t \0 \\ and \xHH, as in .http files.
std::string escape(std::string_view bytes);

}  // namespace girin::test
