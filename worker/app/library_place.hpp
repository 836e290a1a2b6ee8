#pragma once

// The place of a private copy. A copy has the original's bytes and lies nowhere, but a library may name files by where it
// lies itself: `$ORIGIN` in its search path and its dependencies' names, in dlopen(), and what dladdr() tells. So a copy
// is told its original's place: before it is mapped, in the dynamic section, and after, in the dynamic linker's record of
// it. Then the linker itself finds and binds the dependencies, by all of its own rules. Not here: making the copy
// (library_image.hpp), loading it (loader.hpp).

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "girin/base/error.hpp"

namespace girin {

/// Bytes to be written over those of a file, or behind its end.
struct FilePatch {
    std::size_t offset = 0;
    std::string bytes;
};

/// What gives a copy of `file` the directory of its original: each string with `$ORIGIN` in DT_RUNPATH, DT_RPATH, DT_NEEDED,
/// DT_FILTER and DT_AUXILIARY once more, with the directory in its place, at the end of the file, in a segment of its own
/// that takes a note's place in the table of segments. None where nothing needs it, or the file is no library of ours.
///
/// Errors: there is no note behind the last segment that is loaded (`ld --build-id` makes one). Pure.
Result<std::vector<FilePatch>> place_patches(std::span<const std::byte> file, const std::string& directory);

/// Makes dladdr() and dlopen("$ORIGIN/...") answer for the mapped library `handle` as if it had been loaded from `file`,
/// an absolute path. Static constructors have run before that. Errors: this dynamic linker keeps the place elsewhere.
Result<void> tell_place(void* handle, const std::string& file);

/// The directory of an absolute path.
std::string directory_of(const std::string& absolute);

}  // namespace girin
