#pragma once

// The service manager as the supervisor sees it: it is kept informed, keeps copies of our listening sockets for the
// case that we die, and learns who follows us. Without a manager all of it does nothing.

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>

#include "supervisor/sockets/listeners.hpp"
#include "supervisor/systemd/notify_socket.hpp"
#include "supervisor/systemd/service_report.hpp"

namespace girin {

class Service {
  public:
    Service() = default;
    Service(NotifySocket line, Duration watchdog) : line_(std::move(line)), report_(watchdog) {}

    bool is_there() const { return line_.is_open(); }
    /// Tells what is new, and gives the sign of life when it is due.
    void update(const ServiceFacts& facts, TimePoint now);
    std::optional<TimePoint> next_deadline() const;
    /// A reload was asked for: the manager may wait to hear that it begins, even when one runs already.
    void on_reload_asked() { report_.on_reload_asked(); }

    /// Has the manager keep these sockets, and let go of others that it has kept for us. Those that aren't ours alone
    /// it isn't asked to keep.
    void keep(const ListenerSet& listeners);
    bool keeps_some() const { return !kept_.empty(); }

    /// A last word, shown in the service's status.
    void say(const std::string& sentence);

    /// Until speak() nothing is told: somebody else is the service's main process.
    void be_silent() { silent_ = true; }
    void speak() { silent_ = false; }
    /// The last that is told: `successor` is the main process from now on.
    void hand_over_to(pid_t successor);

    /// For a child: lets go of the line.
    void close() { line_.close(); }

    /// How soon a message is tried again that the manager didn't take.
    static constexpr Duration kRetry = std::chrono::milliseconds(100);

  private:
    NotifySocket line_;
    ServiceReport report_;
    std::set<std::string> kept_;  // names
    std::optional<TimePoint> retry_;
    bool silent_ = false;
};

}  // namespace girin
