#pragma once

// LibraryImage: a shared object as it was at one moment, in memory of our own, so that whatever happens to the file
// later (overwritten, truncated, replaced, deleted) can't reach the process that runs it.
//
// The master takes one for each generation (LibraryCopy), so that all its workers run the same code, those that follow
// later too, and share the memory; what the library needs from beside itself is not copied. A program that loads by
// itself takes its own.
//
// Why a memfd and not a hidden file beside the original: it needs no writable directory, leaves nothing behind after a
// crash, wakes no file watcher, and can be sealed. What it costs: the library's size once per generation, as memory
// that can be swapped but not dropped. What it would break, and what is done about it:
//  - `$ORIGIN`, dladdr() and search paths would mean /proc: a copy is told its original's place (library_place.hpp).
//    What it needs from there is mapped in place.
//  - Names: maps and `perf` show "memfd:libshop.so"; debuggers and symbolizers find the bytes under path(), which
//    holds our pid and stays open as long as the process lives, so it can be read from outside too.
// Where memory files are refused (a filter), without /proc, or with GIRIN_LOAD_IN_PLACE=1 in the environment, no copy is
// made and the file itself is mapped; the last is for debuggers that want the real name. Never overwrite a library that
// is loaded so.

#include <cstddef>
#include <span>
#include <string>

#include "girin/base/unique_fd.hpp"

namespace girin {

class LibraryImage {
  public:
    /// Errors: missing, not a regular file, not readable, no memory; told with the file's name.
    static Result<LibraryImage> take(const std::string& file);

    /// What LibraryCopy::fill() made of `file`; `copy` is borrowed. Errors: no memory, no more descriptors.
    static Result<LibraryImage> of_copy(int copy, const std::string& file);

    LibraryImage(LibraryImage&& other) noexcept;
    LibraryImage& operator=(LibraryImage&&) = delete;
    ~LibraryImage();

    /// All of it, valid as long as this object.
    std::span<const std::byte> bytes() const { return bytes_; }
    /// What to hand to dlopen; valid as long as the descriptor is open.
    const std::string& path() const { return path_; }
    /// Leaves the descriptor open until the process ends: what dlopen has mapped is known by path() from then on.
    void keep_open() { static_cast<void>(fd_.release()); }

  private:
    static Result<LibraryImage> map(UniqueFd fd, std::string path, const std::string& file);
    LibraryImage(UniqueFd fd, std::span<const std::byte> bytes, std::string path)
        : fd_(std::move(fd)), bytes_(bytes), path_(std::move(path)) {}

    UniqueFd fd_;
    std::span<const std::byte> bytes_;
    std::string path_;
};

/// A copy in two steps, since the process that owns it may not be the one that may wait for the file's bytes.
struct LibraryCopy {
    /// Empty still; `file` only gives it its name. Errors: no memory, no more descriptors.
    static Result<UniqueFd> make(const std::string& file);
    /// Puts the file's bytes into it, once; also in a child, for all who have the descriptor. Blocks. Errors: as
    /// LibraryImage::take.
    static Result<void> fill(int copy, const std::string& file);
};

/// GIRIN_LOAD_IN_PLACE=1 is set.
bool load_in_place_wanted();
/// "memfd_create: operation not permitted", or that /proc is missing, through which a copy has a name to be opened by;
/// empty: there can be copies. Asked once.
const std::string& why_no_copies();

}  // namespace girin
