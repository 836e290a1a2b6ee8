#pragma once

// Tells when a file was replaced or written: for --reload-on-change. It watches the directories that the file's name and
// its links lead through, because builds and deployments put a new file in the old one's place. Not here: what a change
// leads to (surveyor.cpp).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "girin/base/clock.hpp"
#include "girin/base/error.hpp"
#include "girin/base/unique_fd.hpp"

namespace girin {

class FileWatch {
  public:
    /// A linker writes for a while, and rsync in steps: a change counts once the file was left alone for so long.
    static constexpr Duration kQuiet = std::chrono::milliseconds(300);

    /// Watches nothing.
    FileWatch() = default;
    /// Errors: no such directory; no more inotify instances or watches. The file itself may come later.
    static Result<FileWatch> open(const std::string& file);

    /// As given to open(); empty: none.
    const std::string& file() const { return file_; }
    /// Readable when there may be something; -1: watches nothing.
    int fd() const { return inotify_.get(); }
    /// Takes what inotify has. Never blocks.
    void read_pending(TimePoint now);
    /// When take_change() will say so, if nothing more happens.
    std::optional<TimePoint> deadline() const { return due_at_; }
    /// True once for each change that has settled.
    bool take_change(TimePoint now);

  private:
    Result<void> watch_name(const std::string& path);
    bool matters(int watch, std::uint32_t mask, std::string_view name) const;

    std::string file_;
    UniqueFd inotify_;
    std::multimap<int, std::string> names_;  // what matters in each directory, by its watch
    std::optional<TimePoint> due_at_;
};

}  // namespace girin
