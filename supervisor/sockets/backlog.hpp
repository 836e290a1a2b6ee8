#pragma once

// How many connections the kernel holds for a listening socket until somebody accepts them.

#include <cstdint>
#include <optional>

namespace girin {

/// Nothing for a socket whose queue can't be seen: of Unix sockets only a netlink dump tells it, which would be a wait.
std::optional<std::uint64_t> queued_connections(int listening_fd);

}  // namespace girin
