#pragma once

// Uploads: a body of any length becomes a file, of which no more than a piece is in memory.

#include <girin/app.hpp>

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace notes {

/// Letters, digits, '.', '-' and '_', not beginning with '.': what can't lead out of a directory.
bool is_file_name(std::string_view name);

/// Writes the request's body beside `target` and renames it there when it is complete. Returns its length.
///
/// Errors: BodyError of the request's; HttpError 413 beyond `most_bytes`; std::system_error of the disk. Cancel: when the
/// client is gone. In all of these nothing is left behind.
girin::Coro<std::uint64_t> receive_file(girin::Request& request, std::filesystem::path target, std::uint64_t most_bytes);

}  // namespace notes
