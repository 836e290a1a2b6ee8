#pragma once

// How many connections wait in the kernel at each TCP address, asked of the kernel itself (sock_diag): the monitor holds
// none of the listening sockets, so that they can be closed when nobody accepts any more.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace girin {

struct Backlog {
    std::string listener;  // as the master tells it: "127.0.0.1:8000"
    std::uint32_t waiting = 0;
    std::uint32_t limit = 0;
};

/// Of those of `listeners` (one a line) that are TCP addresses; the sockets of one address, with --reuse-port, are
/// added up. Empty where the kernel doesn't tell. Blocks: for microseconds.
std::vector<Backlog> read_backlogs(std::string_view listeners);

}  // namespace girin
