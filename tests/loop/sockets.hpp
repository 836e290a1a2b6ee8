#pragma once

// Sockets for tests of streams and acceptors: connected pairs, listeners on loopback.

#include <cstdint>

#include "girin/base/unique_fd.hpp"

namespace girin::test {

/// Connected, non-blocking.
FdPair unix_pair();
FdPair tcp_pair();

/// Non-blocking, on a free port of 127.0.0.1.
UniqueFd listen_on_loopback(int backlog = 128);
std::uint16_t port_of(int socket);
/// Blocking. Fails the test, and gives none, when it is refused.
UniqueFd connect_to(std::uint16_t port);

/// Closes so that the other side sees a reset.
void reset_connection(UniqueFd fd);

}  // namespace girin::test
