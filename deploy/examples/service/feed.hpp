#pragma once

// Feed: new notes for every client that listens at /events. A note may have been added by any worker, so a task of this one
// looks into the store while somebody listens; the number of a note is its event's, so that a client that comes back gets what
// it has missed.

#include <girin/girin.hpp>

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>

#include "store.hpp"

namespace notes {

class Feed {
  public:
    static constexpr std::chrono::milliseconds kLookEvery{200};
    static constexpr std::chrono::seconds kPingEvery{15};  // keeps proxies from closing, and finds clients that are gone

    /// `store` outlives it.
    explicit Feed(Store& store) : store_(store) {}

    /// Begins to look.
    void start();
    /// Ends it, and waits for the end. No serve() may run.
    girin::Coro<void> stop();
    /// Something is new: tells the listeners of this worker without waiting for the next look.
    void look_soon();

    /// An answer that goes on until the client is gone or the worker drains.
    girin::Coro<void> serve(girin::Request& request, girin::Response& response);

  private:
    class Listener;

    girin::Coro<void> watch();
    girin::Coro<void> look();

    Store& store_;
    std::list<Listener*> listeners_;
    std::int64_t newest_ = 0;
    girin::Task<void> watch_;
};

}  // namespace notes
