// An application whose handlers do what a client's doings are tried on.
//   /endless /endless/204 /endless/304  writes until it is cancelled, never waiting for anything else
//   /cancelled                          how many of these were
//   /hear                               reads the body; its size
//   /hear-late                          the same after 200 ms
//   /large                              32,000,000 bytes at once
//   /trickle                            writes 64 KiB pieces until it is cancelled
//   /stream                             a line, its flush, and silence
//   /hang                               answers never
//   /fails                              streams, then throws
//   /error                              HttpError with a text; /error/json with type and field; /error/bad with
//                                       a field that can't be; /error/none without text
//   /host                               header("Host"), host() and the query, a line each
// Everything else: "ok".

#include <stdexcept>
#include <string>
#include <utility>

#include <girin/girin.hpp>

namespace {

using girin::Coro;
using girin::Request;
using girin::Response;
using namespace std::chrono_literals;

int g_cancelled = 0;

Coro<void> write_for_ever(Response& response, std::string piece) {
    try {
        for (;;) co_await response.write(piece);
    } catch (const girin::Cancelled&) {
        ++g_cancelled;
        throw;
    }
}

Coro<void> hear(Request& request, Response& response) {
    std::size_t bytes = 0;
    for (;;) {
        const std::string_view piece = co_await request.read();
        if (piece.empty()) break;
        bytes += piece.size();
    }
    response.body(std::to_string(bytes));
}

Coro<void> hear_late(Request& request, Response& response) {
    co_await girin::sleep_for(200ms);
    co_await hear(request, response);
}

Coro<void> stream(Response& response) {
    co_await response.write("line\n");
    co_await response.flush();
    co_await girin::sleep_for(24h);
}

Coro<void> hang() { co_await girin::sleep_for(24h); }

Coro<void> fail_late(Response& response) {
    co_await response.write("the beginning");
    co_await response.flush();
    throw std::runtime_error("failed on demand");
}

Coro<void> throw_answer(std::string_view which) {
    if (which == "/json") {
        throw girin::HttpError(422, "{\"grund\": \"zu gro\xc3\x9f\"}").type("application/problem+json").header("Retry-After", "7");
    }
    if (which == "/bad") throw girin::HttpError(404, "text").header("X-Split", "a\r\nb");
    if (which == "/none") throw girin::HttpError(404);
    throw girin::HttpError(404, "no such page\n");
    co_return;
}

Coro<void> say(Response& response, std::string body) {
    response.body(body);
    co_return;
}

Coro<void> answer(Request& request, Response& response) {
    const std::string_view path = request.path();
    if (path.starts_with("/endless")) {
        if (path.ends_with("/204")) response.status(204);
        if (path.ends_with("/304")) response.status(304);
        return write_for_ever(response, "piece");
    }
    if (path == "/trickle") return write_for_ever(response, std::string(65'536, 'x'));
    if (path == "/hear") return hear(request, response);
    if (path == "/hear-late") return hear_late(request, response);
    if (path == "/hang") return hang();
    if (path.starts_with("/error")) return throw_answer(path.substr(6));
    if (path == "/fails") return fail_late(response);
    if (path == "/stream") return stream(response);
    std::string body = "ok";
    if (path == "/cancelled") body = std::to_string(g_cancelled);
    if (path == "/large") body.assign(32'000'000, 'x');
    if (path == "/host") {
        body = std::string(request.header("Host").value_or("none")) + "\n" + std::string(request.host()) + "\n" +
               std::string(request.query()) + "\n";
    }
    return say(response, std::move(body));
}

}  // namespace

GIRIN_HANDLER(app, answer)
