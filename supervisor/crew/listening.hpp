#pragma once

// What the crew does about the sockets that its workers accept from: lanes for new workers, steering away from lanes
// without one, listening again where somebody shut a listener down, and the end of it all. Not here: the sockets
// themselves (sockets/).

#include <cstddef>
#include <cstdint>
#include <vector>

#include "supervisor/turn/common.hpp"
#include "supervisor/turn/inbox.hpp"

namespace girin {

class Listening {
  public:
    explicit Listening(Common& common) : common_(common) {}

    /// For a new worker of `generation`.
    std::size_t make_lane(std::uint32_t generation, Inbox& inbox);
    /// Once a turn: connections go to lanes that have a worker.
    void steer();

    /// Looks whether somebody has shut down a listener for all, and listens there again.
    void listen_again(Inbox& inbox);
    /// A worker that still has a socket which nobody can connect to any more is replaced, once it is ready.
    void replace_deaf(std::size_t slot, Inbox& inbox);

    /// The server stops. What we share with another master goes on being listened to.
    void refuse_newcomers();
    void close_when_unused();
    void end();

  private:
    bool others_go_on() const;

    Common& common_;
    std::vector<bool> served_;  // lanes, as last steered
};

}  // namespace girin
