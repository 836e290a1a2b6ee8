#pragma once

// Hooks of a master that runs: each event is told to the embedder's callback at once, and to the operator's command in a
// process that the master's wait watches. What goes wrong with one is a line in the log and nothing else. Not here:
// --on-starting, which comes before the loop (run_hook_blocking).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "girin/run/server_callbacks.hpp"
#include "supervisor/hooks/hook_process.hpp"
#include "supervisor/hooks/hook_queue.hpp"
#include "supervisor/settings/settings.hpp"
#include "supervisor/turn/event_wait.hpp"

namespace girin {

/// The command that `settings` give for an event; empty: none.
const std::string& hook_command(const Settings& settings, HookEvent event);

class Hooks {
  public:
    /// `os` and `wait` are borrowed.
    Hooks(Os& os, EventWait& wait, ServerCallbacks callbacks);

    /// An event of which these settings hold. Returns at once.
    void tell(const Settings& settings, const HookFacts& facts);

    /// A command that tell() has started has ended.
    void on_end(std::uint32_t id);
    void on_deadline(TimePoint now);
    std::optional<TimePoint> next_deadline() const;
    /// Of the commands that run.
    std::vector<pid_t> pids() const;

    /// The last thing: what runs or waits may come to its end, for as long as one command may take; then it is killed,
    /// as it is when one more signal asks to stop. Blocks: for that long.
    void finish_blocking();

    /// In a child: lets go of what only the master may hold.
    void forget();

  private:
    void call(const HookFacts& facts);
    void start_waiting();
    void start(const HookOrder& order);
    void tell_dropped();
    void end_all();
    void wait_blocking(int stop_fd, TimePoint limit);
    std::uint32_t next_id();

    Os& os_;
    EventWait& wait_;
    ServerCallbacks callbacks_;
    HookQueue queue_;
    std::map<std::uint32_t, HookProcess> running_;
    Duration timeout_ = std::chrono::seconds(10);  // as the settings had it last
    std::uint32_t last_id_ = 0;
    bool dropping_ = false;  // told, and not yet over
};

}  // namespace girin
