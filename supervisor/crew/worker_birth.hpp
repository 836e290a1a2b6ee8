#pragma once

// How a slot gets a worker's process: which lane and processor it has, what it inherits and what it lets go of. Here by a
// fork of the master, answered at once; the second way is a zygote's (zygote_birth.hpp), which gives the crew a Newborn
// later. Not here: the steps from fork to a worker's first line (process/spawn.hpp).

#include <cstddef>
#include <cstdint>
#include <optional>

#include "supervisor/process/spawn.hpp"
#include "supervisor/turn/common.hpp"
#include "supervisor/turn/inbox.hpp"

namespace girin {

class Listening;

struct Newborn {
    SpawnedWorker process;
    std::uint32_t generation = 0;
    std::size_t lane = 0;
    std::optional<unsigned> cpu;  // with --affinity

    Newborn() = default;
};

class WorkerBirth {
  public:
    explicit WorkerBirth(Common& common) : common_(common) {}

    /// Errors: the generation is gone; no more processes or descriptors.
    Result<Newborn> fork(std::size_t slot, std::uint32_t generation, Listening& listening, Inbox& inbox);

    /// As an operator has set it; none: as each generation's settings do.
    void use_log_level(std::optional<LogLevel> level) { log_level_ = level; }

    WorkerPlace place_for(std::size_t slot, std::uint32_t number, const Generation& generation, std::size_t lane) const;
    Settings settings_of(const Generation& generation) const;
    std::optional<unsigned> choose_cpu(const Generation& generation, std::uint32_t number) const;

  private:
    void leave_for_work(std::size_t slot, std::uint32_t generation, std::size_t lane);

    Common& common_;
    std::optional<LogLevel> log_level_;
};

}  // namespace girin
