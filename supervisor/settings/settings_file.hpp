#pragma once

// The settings file's grammar: one NAME = VALUE a line. Names and values are not judged here (settings_text.hpp).
//
//   # a comment, as is ; at a line's beginning        [girin] may head the file, for tools that want a section
//   workers = 4          # a comment begins at a # after a space
//   name = "a # b"       double quotes know \" \\ \n \t, single quotes know nothing
//   bind = :8000         a list repeats its name, or separates items by its separator
//   bind = unix:/run/shop.sock

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "girin/base/error.hpp"

namespace girin {

struct FileEntry {
    std::string key;
    std::string value;  // without its quotes
    std::size_t line = 0;
};

inline constexpr std::size_t kLargestSettingsFileBytes = 1024 * 1024;

/// `name` is how messages call the file: "girin.conf:3: …". A byte order mark and CRLF are fine.
Result<std::vector<FileEntry>> parse_settings_file(std::string_view text, const std::string& name);

/// The whole text of `path`; messages call it `name`. Errors: it can't be read, is a directory, or too large. Blocks:
/// as a disk does.
Result<std::string> read_settings_file(const std::string& path, const std::string& name);

/// `value` as it stands in a file, in quotes where it needs them.
std::string file_value(std::string_view value);

}  // namespace girin
