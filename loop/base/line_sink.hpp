#pragma once

// LineSink: where log lines go. Knows how to write to a file, pipe, terminal or socket without ever blocking.

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "loop/base/unique_fd.hpp"

namespace girin {

/// What LineSink::open() would open, for a sink that can't reach it, here or in another process. Errors: as there.
Result<UniqueFd> open_for_sink(const std::string& file, int standard_fd = 2);

class LineSink {
  public:
    /// Writes to standard error, blocking, until open() is called.
    LineSink() = default;

    /// `file` "-" or empty means standard error (or standard output with `standard_fd` 1). Errors: can't be opened;
    /// the sink stays as it was.
    Result<void> open(const std::string& file, int standard_fd = 2);
    /// A file by its name. Standard error and output stay what they are: their numbers may be others' by now.
    Result<void> reopen();
    /// As open(), with what open_for_sink() has opened.
    void use(UniqueFd opened);

    /// Writes `lines` whole or not at all (a pipe may take a part of more than PIPE_BUF bytes; the rest is dropped).
    /// False: refused (full pipe, full disk, closed reader); counted in dropped(). No signal comes of it, whatever their
    /// actions are: SIGPIPE from a pipe that nobody reads, SIGTTOU from a terminal. Threads: any.
    bool write(std::string_view lines);

    int fd() const { return fd_.load(std::memory_order_relaxed); }
    std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  private:
    enum class Kind { file, stream, socket };  // a stream is a pipe or a terminal

    void use_as_it_is(int fd);

    std::string file_;
    int standard_fd_ = 2;
    UniqueFd owned_;
    std::atomic<int> fd_ = 2;
    Kind kind_ = Kind::file;
    std::atomic<std::uint64_t> dropped_ = 0;
};

}  // namespace girin
