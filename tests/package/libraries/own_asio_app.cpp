// An application that uses an Asio of its own, by itself or within a library.

#include <string>

#include "own_asio.hpp"
#include <girin/app.hpp>

namespace {

girin::Coro<void> handle(girin::Request&, girin::Response& response) {
    response.body(std::to_string(count_by_own_asio()) + " handlers\n");
    co_return;
}

}  // namespace

GIRIN_HANDLER(app, handle)
