// Answers "v1" or "v2", by how it was built: for tests of reloading. /pid tells which worker answered.

#include <girin/app.hpp>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

namespace {

girin::Coro<void> handle(girin::Request& request, girin::Response& response) {
    const bool asks_pid = request.path() == "/pid";
    response.header("X-Version", "v" TEXT(VERSION));
    response.body(asks_pid ? std::to_string(request.worker().pid) : std::string("v" TEXT(VERSION)));
    co_return;
}

}  // namespace

// For tests of the loader, which look at the code and don't serve.
extern "C" __attribute__((visibility("default"))) int girin_test_version() { return VERSION; }

GIRIN_HANDLER(app, handle)
