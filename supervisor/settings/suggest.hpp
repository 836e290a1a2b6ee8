#pragma once

// What somebody may have meant by a name that doesn't exist.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace girin {

/// Insertions, deletions, replacements and swaps of neighbours that turn one into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The shortest known name that begins with `wrong`; else the one next to it, at most `most_edits` away; else empty.
std::string nearest_name(std::string_view wrong, const std::vector<std::string>& known, std::size_t most_edits);

}  // namespace girin
