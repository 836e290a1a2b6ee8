#pragma once

// LibraryImage: a shared object as it was at one moment, in memory of our own, so that whatever happens to the file
// later (overwritten, truncated, replaced, deleted) can't reach the process that runs it.
//
// Why a memfd and not a hidden file beside the original: it needs no writable directory, leaves nothing behind after a
// crash, wakes no file watcher, and can be sealed. What it costs: the library's size once per worker, as memory that
// can be swapped but not dropped. What it would break, and what is done about it:
//  - `$ORIGIN` in the library's RUNPATH would mean /proc: the loader opens such dependencies itself, from beside the
//    original (loader.cpp). They are mapped in place.
//  - Names: maps and `perf` show "memfd:libshop.so"; debuggers and symbolizers find the bytes under path(), which
//    holds our pid and stays open as long as the process lives, so it can be read from outside too.
// With GIRIN_LOAD_IN_PLACE=1 in the environment no copy is made and the file itself is mapped: for debuggers that
// want the real name. Never overwrite a library that is loaded so.

#include <cstddef>
#include <span>
#include <string>

#include "loop/base/unique_fd.hpp"

namespace girin {

class LibraryImage {
  public:
    /// Errors: missing, not a regular file, not readable, no memory; told with the file's name.
    static Result<LibraryImage> take(const std::string& file);

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
    LibraryImage(UniqueFd fd, std::span<const std::byte> bytes, std::string path)
        : fd_(std::move(fd)), bytes_(bytes), path_(std::move(path)) {}

    UniqueFd fd_;
    std::span<const std::byte> bytes_;
    std::string path_;
};

/// GIRIN_LOAD_IN_PLACE=1 is set.
bool load_in_place_wanted();

}  // namespace girin
