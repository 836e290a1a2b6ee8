#pragma once

// A listening socket as a worker sees it: borrowed from the master, which opened it and closes it last.

#include <string>

namespace girin {

struct ListenerSocket {
    int fd = -1;           // listening and non-blocking; the worker never closes nor shuts it down
    std::string address;   // as people write it: "127.0.0.1:8000", "[::1]:8000", "unix:/run/shop.sock"
    bool is_unix = false;

    ListenerSocket() = default;
    ListenerSocket(int descriptor, std::string text, bool unix_socket)
        : fd(descriptor), address(std::move(text)), is_unix(unix_socket) {}
};

}  // namespace girin
