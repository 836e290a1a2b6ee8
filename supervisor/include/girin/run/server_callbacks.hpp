#pragma once

// What a program that links its application may have called in its master. Not here: commands of the same names, which
// settings give (--on-ready and so on).

#include <functional>

#include "girin/base/clock.hpp"
#include "girin/base/error.hpp"
#include "girin/run/hook_facts.hpp"

namespace girin {

/// A master's turn takes microseconds; what takes so much longer is felt in how soon a worker is replaced.
inline constexpr Duration kSlowCallback = std::chrono::milliseconds(100);

/// Called in the master, on its one thread, as things happen; each may be empty.
///
/// Contract: they must not block, since nothing is supervised meanwhile, and must not start threads, since the master
/// forks. One that takes kSlowCallback or longer is a line in the log, but for on_starting, which keeps nobody waiting.
/// What they throw is caught and logged, and changes nothing; only of on_starting it refuses the start (exit code 3,
/// with the exception's text). Each is called before the command of the same name is run.
struct ServerCallbacks {
    using Callback = std::function<void(const HookFacts&)>;

    Callback on_starting;
    Callback on_ready;
    Callback on_reload;
    Callback on_worker_exit;
    Callback on_degraded;

    ServerCallbacks() = default;
    const Callback& of(HookEvent event) const {
        switch (event) {
            case HookEvent::starting: return on_starting;
            case HookEvent::ready: return on_ready;
            case HookEvent::reload: return on_reload;
            case HookEvent::worker_exit: return on_worker_exit;
            case HookEvent::degraded: break;
        }
        return on_degraded;
    }
};

/// Calls what there is for the event. Errors: it has thrown; the text of that.
Result<void> call_back(const ServerCallbacks& callbacks, const HookFacts& facts);

}  // namespace girin
