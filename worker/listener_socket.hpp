#pragma once

// A listening socket as a worker sees it. The descriptor is the worker's own copy: the master has one too, so that
// closing this one, once the worker accepts nothing more, cuts nobody off while others serve.

#include <string>

namespace girin {

struct ListenerSocket {
    int fd = -1;           // listening and non-blocking; never shut down, which would end it for everybody
    std::string address;   // as people write it: "127.0.0.1:8000", "[::1]:8000", "unix:/run/shop.sock"
    bool is_unix = false;
    bool is_inherited = false;  // from whoever started the server, who may go on listening with it

    ListenerSocket() = default;
    ListenerSocket(int descriptor, std::string text, bool unix_socket, bool inherited = false)
        : fd(descriptor), address(std::move(text)), is_unix(unix_socket), is_inherited(inherited) {}
};

}  // namespace girin
