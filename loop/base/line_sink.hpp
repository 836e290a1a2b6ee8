#pragma once

// LineSink: where log lines go. Knows how to write to a file, pipe, terminal or socket without ever blocking.

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "girin/base/unique_fd.hpp"

namespace girin {

/// Which symbolic links are followed to a log file: `trusted` as Place::find() does, `all` by who has nobody's rights but
/// those of whoever may have put them.
enum class Links { trusted, all };

/// What LineSink::open() would open, for a sink here or in another process. Errors: as there.
Result<UniqueFd> open_for_sink(const std::string& file, int standard_fd = 2, Links links = Links::trusted);

class LineSink {
  public:
    /// Writes to standard error, blocking, until open() is called.
    LineSink() = default;

    /// `file` "-" or empty means standard error (or standard output with `standard_fd` 1). Errors: can't be opened, or
    /// a link leads there that root doesn't follow (place.hpp); the sink stays as it was.
    Result<void> open(const std::string& file, int standard_fd = 2);
    /// As open(), with what open_for_sink() has opened. It comes under the number that the last one had, which is never
    /// free meanwhile: another thread may be about to write to it. Errors: none; should the kernel refuse, the sink stays
    /// as it was. Threads: one at a time, while others write.
    void use(UniqueFd opened);

    /// Writes `lines` whole or not at all. Only a disk that runs full takes a part; then the next line begins a new one.
    /// False: refused (full pipe, full disk, closed reader, a pipe that may have too little room for lines of more than
    /// PIPE_BUF bytes); counted in dropped(). No signal comes of it, whatever their actions are: SIGPIPE from a pipe that
    /// nobody reads, SIGTTOU from a terminal. Threads: any.
    bool write(std::string_view lines);

    int fd() const { return fd_.load(std::memory_order_relaxed); }
    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  private:
    enum class Kind { file, pipe, terminal, socket };

    void use_as_it_is(int fd);
    ssize_t put(std::string_view bytes) const;

    UniqueFd owned_;  // once there is one, its number is kept
    std::atomic<int> fd_ = 2;
    std::atomic<Kind> kind_ = Kind::file;  // what it was a moment ago, for a thread that writes while it changes
    std::atomic<bool> torn_ = false;
    std::atomic<std::uint64_t> dropped_ = 0;
};

}  // namespace girin
