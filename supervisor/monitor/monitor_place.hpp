#pragma once

// Where the monitor works: what it inherits from the master. Values and borrowed things only.

#include "supervisor/monitor/master_board.hpp"
#include "supervisor/process/spawn.hpp"

namespace girin {

struct MonitorPlace {
    int channel_fd = -1;                 // as a worker's: ready, drain, quit
    int requests_fd = -1;                // requests to the master, and its answers
    ScoreboardLines board;               // what workers write
    ScoreboardLines own;                 // one line, its own: by that the master sees that it lives
    const MasterBoard* facts = nullptr;  // what the master writes
    pid_t master = 0;

    MonitorPlace() = default;
};

}  // namespace girin
