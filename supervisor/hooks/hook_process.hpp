#pragma once

// One hook's command while it runs: `/bin/sh -c` in a process group of its own, with the facts in its environment,
// nothing on its standard input, and its output where the log goes. Not here: which one runs when (hook_queue.hpp).

#include <optional>
#include <string>

#include "supervisor/hooks/hook_queue.hpp"
#include "supervisor/process/os.hpp"

namespace girin {

class HookProcess {
  public:
    /// Runs the command as the user that the master is, with all signals at their defaults and no descriptor beyond
    /// 2. It is killed `timeout` later. Errors: no more processes or descriptors.
    static Result<HookProcess> start(Os& os, const HookOrder& order, Duration timeout);

    pid_t pid() const { return child_.pid; }
    /// Readable once the command has ended.
    int pidfd() const { return child_.pidfd.get(); }
    HookEvent event() const { return event_; }

    /// When it has taken too long; none: it has been killed already.
    std::optional<TimePoint> deadline() const { return deadline_; }
    /// KILL for it and all of its process group; `why` is told with its end.
    void kill_group(std::string why);

    /// How it ended: empty for exit code 0, else the end of a sentence ("exited with code 3"). Nothing: it still runs.
    std::optional<std::string> poll_end(Os& os);

  private:
    ForkedChild child_;
    HookEvent event_ = HookEvent::starting;
    std::optional<TimePoint> deadline_;
    std::string killed_why_;
};

/// "Hook on-ready (pid 123)"
std::string name_of(const HookProcess& hook);

/// Readable once somebody asks the server to stop, which stays to be read by others. Empty: no descriptors.
UniqueFd watch_for_stop();

/// Once killed, a command is gone in no time, unless the kernel holds it; nobody waits longer for that.
inline constexpr Duration kHookKillPatience = std::chrono::seconds(2);

/// How a command ended that was waited for.
enum class HookEnd { succeeded, failed, stopped };
struct HookOutcome {
    HookEnd end = HookEnd::succeeded;
    std::string sentence;  // where it failed: what and why

    HookOutcome(HookEnd how, std::string text) : end(how), sentence(std::move(text)) {}
};

/// Runs the command and waits for it, before there is a loop that could. A signal that asks the server to stop ends it
/// (`stopped`), and stays pending. Blocks: for `timeout` at most.
HookOutcome run_hook_blocking(Os& os, const HookOrder& order, Duration timeout);

}  // namespace girin
