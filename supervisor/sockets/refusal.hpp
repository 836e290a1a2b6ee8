#pragma once

// Refusal: a listening TCP socket that begins no new connections, while those that it has queued are still served.
// Closing it would reset them. Not here: which sockets, and when (listener.hpp, supervisor.cpp).

#include "loop/base/error.hpp"

namespace girin {

/// From now on the kernel drops each SYN to `fd`: its sender hears nothing and tries again after a second, by when
/// there is a successor, or nobody and so a clear refusal. Handshakes that have begun are completed. Accepted
/// connections are not concerned. Can't be taken back: another process with the same socket is concerned as well.
/// Errors: the kernel has no such filters.
Result<void> drop_connection_attempts(int fd);

}  // namespace girin
