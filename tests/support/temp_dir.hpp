#pragma once

// TempDir: a directory of a test's own. A failed test keeps it and prints where it is.

#include <filesystem>
#include <string>
#include <string_view>

namespace girin::test {

class TempDir {
  public:
    /// Made under $TMPDIR, else /tmp; the path stays short, so that Unix sockets fit.
    TempDir();
    /// Removes the directory and all in it, unless the current test has failed.
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const std::filesystem::path& path() const { return path_; }
    /// Path of `name` inside.
    std::string operator/(std::string_view name) const { return (path_ / name).string(); }
    /// Writes a whole file and returns its path; what stood there is replaced atomically.
    std::string write(std::string_view name, std::string_view text) const;

  private:
    std::filesystem::path path_;
};

/// The whole text of a file. Errors: it can't be read.
std::string read_file(const std::filesystem::path& path);

}  // namespace girin::test
