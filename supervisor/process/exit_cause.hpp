#pragma once

// Why a child ended, as one sentence that never guesses: our own kills are known from a ledger, crashes and exit
// codes from the kernel, and a memory limit from the cgroup's own count. Not here: what follows from it (fleet.hpp).

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "supervisor/process/os.hpp"

namespace girin {

/// A signal that we ourselves sent to a child, and why.
struct OwnKill {
    int signo = 0;
    std::string why;  // "no heartbeat for 30 s"; empty where it is told elsewhere

    OwnKill() = default;
    OwnKill(int signal, std::string reason) : signo(signal), why(std::move(reason)) {}
};

/// Everything known about one child's end.
struct ExitEvidence {
    ChildExit ended;
    std::optional<OwnKill> own_kill;  // the last signal that we sent
    bool asked_to_stop = false;       // we had told it to drain or quit
    bool out_of_memory = false;       // the cgroup's kill count grew
    std::string last_words;           // what was learnt of a crash while it happened

    ExitEvidence() = default;
};

enum class ExitKind {
    finished,        // exit 0 after we had asked for it
    left,            // exit 0 without being asked
    failed,          // exit code other than 0
    crashed,         // a fault of its own: SIGSEGV, SIGABRT and their like
    killed_by_us,
    out_of_memory,
    killed_outside,  // a signal that neither we nor a fault sent
};

struct ExitStory {
    ExitKind kind = ExitKind::finished;
    std::string sentence;  // "crashed: SIGSEGV (core dumped)"; follows "Worker 3 (pid 124) "

    ExitStory() = default;
    ExitStory(ExitKind k, std::string text) : kind(k), sentence(std::move(text)) {}
};

ExitStory explain_exit(const ExitEvidence& evidence);

/// Counts the kernel's out-of-memory kills in our own cgroup (version 2 or 1). Where there is none it always answers "no".
class OomWatch {
  public:
    /// Reads where our cgroup is. `events_file` for tests; empty: found from /proc/self/cgroup.
    explicit OomWatch(std::string events_file = {});

    /// True once for each time that the count has grown since the last call.
    bool has_killed_since();

  private:
    std::uint64_t read_count() const;

    std::string events_file_;
    std::uint64_t count_ = 0;
};

}  // namespace girin
