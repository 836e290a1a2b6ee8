#pragma once

// Steering among SO_REUSEPORT sockets: which of them the kernel gives new connections to.

#include <vector>

#include "girin/base/error.hpp"

namespace girin {

/// `fd` is any socket of the group, `live` has one mark for each, in the order in which they began to listen. New
/// connections are spread at random over the marked ones; with all or none marked, over all, as the kernel does by
/// itself. Errors: the kernel refuses; then it spreads over all.
Result<void> steer_reuse_port_group(int fd, const std::vector<bool>& live);

}  // namespace girin
