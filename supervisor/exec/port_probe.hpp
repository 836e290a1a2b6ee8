#pragma once

// Whether somebody listens on a port of this machine: how a program that says nothing is known to serve. Not here: what
// follows from it (exec_keeper.hpp).

#include <optional>

#include "girin/base/clock.hpp"
#include "girin/base/unique_fd.hpp"

namespace girin {

class PortProbe {
  public:
    static constexpr Duration kInterval = std::chrono::milliseconds(50);

    /// `port` of 127.0.0.1.
    explicit PortProbe(int port) : port_(port) {}

    /// True once a connection was accepted by the kernel for a listener. Never blocks; to be called each `kInterval`.
    bool answers();

  private:
    void begin();
    bool is_connected_to_itself() const;

    int port_;
    UniqueFd connection_;
};

}  // namespace girin
