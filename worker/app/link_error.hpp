#pragma once

// The dynamic linker's messages, told for people: names without the place we loaded from, symbols as they stand in
// the source.

#include <string>
#include <string_view>

namespace girin {

/// `message` as dlerror gave it (null: unknown); `path` what was handed to dlopen, which is left out of the answer.
/// "needs shop::Stock::count(), which nothing provides"; "needs libdep.so.1: cannot open shared object file …".
std::string explain_link_error(const char* message, std::string_view path);

}  // namespace girin
