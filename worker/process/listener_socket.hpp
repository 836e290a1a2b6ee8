#pragma once

// A listening socket as a worker sees it. The descriptor is the worker's own copy: the master has one too, so that
// closing this one, once the worker accepts nothing more, cuts nobody off while others serve.

#include <cstddef>
#include <string>

#include "girin/base/error.hpp"

namespace girin {

struct ListenerSocket {
    int fd = -1;           // listening and non-blocking; never shut down, which would end it for everybody
    std::string address;   // as people write it: "127.0.0.1:8000", "[::1]:8000", "unix:/run/shop.sock"
    bool is_unix = false;
    std::size_t most_connections = 0;  // open at once, of the worker's; more wait in the queue; 0: as many as it has
    bool is_inherited = false;  // from whoever started the server, who may go on listening with it

    ListenerSocket() = default;
    ListenerSocket(int descriptor, std::string text, bool unix_socket, bool inherited = false)
        : fd(descriptor), address(std::move(text)), is_unix(unix_socket), is_inherited(inherited) {}
};

/// From now on only packets that come over no router and with all hops left (TTL 255) reach `listener`, a listening TCP
/// socket: SYNs from nearly everywhere are dropped, and their senders try again after a second. It takes no right, unlike a
/// filter. Queued connections are not concerned, and handshakes that have begun are completed, but what comes of those
/// inherits the condition and is deaf until allow_all_hops(). Errors: the kernel has no such option.
Result<void> refuse_by_hops(int listener);
/// Takes that back for a connection; any other descriptor is left as it is.
void allow_all_hops(int connection);

}  // namespace girin
