#pragma once

// Refusal: a listening TCP socket that begins no new connections, while those that it has queued are still served.
// Closing it would reset them. Not here: which sockets, and when (listener.hpp, crew/listening.cpp).

#include "girin/base/error.hpp"

namespace girin {

/// From now on the kernel drops each SYN to `fd`: its sender hears nothing and tries again after a second, by when
/// there is a successor, or nobody and so a clear refusal. Handshakes that have begun are completed. Accepted
/// connections are not concerned. Can't be taken back: another process with the same socket is concerned as well.
/// By a filter, which takes CAP_NET_ADMIN since Linux 6.15; without that by refuse_by_hops() (listener_socket.hpp), which a
/// neighbour who sends with TTL 255 gets past. Errors: the kernel has neither.
Result<void> drop_connection_attempts(int fd);

/// Whether one of the two can be had: for a word at the start in place of a surprise at the end.
Result<void> can_drop_connection_attempts();

}  // namespace girin
