#pragma once

// A part of the master: one subject, with everything that belongs to it: when it wants to be woken, what its descriptors
// mean, which children are its own, and what a forked child must let go of. The master's turn knows parts only, and a new
// one is a line in supervisor.cpp. No part holds another: what one wants of others goes through the inbox, and what all
// look at is common (common.hpp). A part keeps its loops short and never waits.

#include <sys/types.h>

#include <optional>
#include <vector>

#include "supervisor/fleet/fleet_action.hpp"
#include "supervisor/turn/event_wait.hpp"
#include "supervisor/turn/inbox.hpp"

namespace girin {

class Part {
  public:
    Part() = default;
    virtual ~Part() = default;
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    /// Once, before the first turn. Errors: the server can't be started.
    virtual Result<void> begin(Inbox&) { return {}; }

    /// When on_time() has something to do; nothing: only what happens matters.
    virtual std::optional<TimePoint> next_deadline() const { return std::nullopt; }
    /// The wait is over. `due`: when it was to end at the latest; a master that comes late was stopped or starved.
    virtual void on_wake(TimePoint, std::optional<TimePoint> /*due*/) {}

    /// Whether sources of this kind are its own. Each kind belongs to one part.
    virtual bool owns(SourceKind) const { return false; }
    /// One of its own is ready. True: there is more, to be asked for again once all that was put into the inbox is dealt
    /// with. A source that isn't there any more is no error.
    virtual bool on_ready(ReadySource, Inbox&) { return false; }
    /// Once a turn, after everything that was ready.
    virtual void on_time(TimePoint, Inbox&) {}
    /// Once a turn, when nothing is left to be decided: what follows from all of it together.
    virtual void on_turn_end(TimePoint, Inbox&) {}

    /// The Fleet has decided. Told to all parts, in their order; each does what is its own.
    virtual void carry_out(const Action&, Inbox&) {}
    /// Another part wants something, or tells what has happened. Told to all parts, in their order.
    virtual void hear(const Order&, Inbox&) {}

    /// Those that it waits for by itself.
    virtual std::vector<pid_t> children() const { return {}; }
    /// A child that nobody knows may turn out to be its own: strangers aren't reaped meanwhile. For no longer than seconds.
    virtual bool expects_child() const { return false; }
    /// In a forked child: closes what only the master may hold. The child ends no process by it.
    virtual void let_go() {}
};

}  // namespace girin
