#pragma once

// Waiting for the end of a server's master, which is nobody's child here: by a pidfd, or, where the kernel or a filter
// refuses one, by looking again and again.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "girin/base/unique_fd.hpp"

namespace girin {

class MasterEnd {
  public:
    /// Of no process.
    MasterEnd() = default;
    /// Of a process that runs; of no process when none has this pid.
    explicit MasterEnd(pid_t pid);

    /// There is a process whose end can be awaited.
    explicit operator bool() const { return pid_ > 0; }
    /// True once it has ended, also when its parent hasn't asked yet how. False: not within `limit`.
    bool wait_blocking(std::chrono::milliseconds limit) const;

  private:
    bool has_ended() const;

    pid_t pid_ = 0;
    UniqueFd handle_;                       // empty: it can't be had
    std::optional<std::uint64_t> started_;  // tells it from a later process with its pid; nullopt: without /proc
};

}  // namespace girin
