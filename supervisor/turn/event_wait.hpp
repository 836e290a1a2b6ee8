#pragma once

// The master's one wait: an epoll whose entries say what kind of thing is ready, and whose.

#include <cstdint>
#include <optional>
#include <vector>

#include "supervisor/process/os.hpp"

namespace girin {

enum class SourceKind : std::uint8_t {
    signals, worker_end, worker_channel, check_end, successor_line, successor_end, predecessor,
    examination_end, file_change, monitor, elder, hook_end, zygote_channel, zygote_end
};

/// What became ready. `id` is what add() was given.
struct ReadySource {
    SourceKind kind{};
    std::uint32_t id = 0;

    ReadySource() = default;
    ReadySource(SourceKind k, std::uint32_t i) : kind(k), id(i) {}
    bool operator==(const ReadySource&) const = default;
};

class EventWait {
  public:
    static Result<EventWait> open();

    /// Told for as long as it is readable, until remove() or until `fd` is closed with all its copies. Errors: no
    /// memory.
    Result<void> add(int fd, ReadySource source);
    /// Before the descriptor is closed: a child may still have a copy, which would keep the entry alive.
    void remove(int fd);

    /// Waits until something is ready or `deadline` is reached; none: for ever. In no order; possibly nothing.
    std::vector<ReadySource> wait(Os& os, std::optional<TimePoint> deadline);

    void close() { epoll_.reset(); }

  private:
    UniqueFd epoll_;
};

}  // namespace girin
