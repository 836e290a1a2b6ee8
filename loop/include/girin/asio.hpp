#pragma once

// Asio's operations on the loop: `co_await socket.async_read_some(buffer, girin::use_loop)`. Before any header of Asio's
// own, which lie in a namespace of girin's from here on (girin/asio/namespace.hpp).

#include "girin/asio/namespace.hpp"

#include "girin/loop.hpp"
#include "girin/loop/use_loop.hpp"
