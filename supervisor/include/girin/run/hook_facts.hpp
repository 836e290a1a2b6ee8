#pragma once

// What hooks are told: which event, and the facts that go with it, as C++ for an embedder's callback and as environment
// variables for a command. Values only. Not here: who runs what and when (hooks.hpp).

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace girin {

enum class HookEvent : std::uint8_t {
    starting,     // before the first worker, and before anything is bound
    ready,        // once: all workers of the first generation serve
    reload,       // a reload has come to its end, one way or the other
    worker_exit,  // a worker has ended, for whatever cause
    degraded,     // workers fail in a row; respawns are slowed down
};

/// "worker-exit": as the setting is called after "on-".
std::string_view to_text(HookEvent event);

struct ExitedWorker {
    pid_t pid = 0;
    std::size_t slot = 0;
    std::string cause;             // "crashed: SIGSEGV (core dumped)"
    std::optional<int> exit_code;  // either this …
    std::optional<int> signal;     // … or this

    ExitedWorker() = default;
};

struct HookFacts {
    HookEvent event = HookEvent::starting;
    pid_t master_pid = 0;
    std::string name;            // the server's, as --name has it
    std::uint32_t generation = 0;  // reload: the new one's; worker-exit: the worker's own
    std::string listen;          // addresses, with a space between; none once a server that stops has closed them
    std::string outcome;         // reload: "reloaded" or "rolled-back"
    std::string reason;          // why it was rolled back, or is degraded
    std::optional<ExitedWorker> worker;

    explicit HookFacts(HookEvent what) : event(what) {}
};

/// The longest value of one variable; what is longer is cut off.
inline constexpr std::size_t kLongestHookValue = 4096;

/// "GIRIN_EVENT=reload" and so on: one for each fact that there is. Control characters become spaces.
std::vector<std::string> to_environment(const HookFacts& facts);

}  // namespace girin
