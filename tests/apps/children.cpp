// An application that starts programs, and says what came to them:
//   /signals       SigIgn, SigBlk and SigPnd of a child's /proc/self/status
//   /descriptors   what a child has open, one a line
//   /variable/NAME what a child sees of a variable
//   /limits        a child's limits of descriptors and of core files
//   /plain-sigpipe SIGPIPE gets its default action back in this worker
//   /close/N       descriptor N is closed in this worker
// Everything else: "ok". With GIRIN_TEST_LOADING=ignore-children SIGCHLD is ignored by whoever loads it.

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "worker/app.hpp"

namespace {

using girin::Coro;
using girin::Request;
using girin::Response;

struct Loading {
    Loading() {
        const char* const wish = std::getenv("GIRIN_TEST_LOADING");
        if (wish && std::string_view(wish) == "ignore-children") std::signal(SIGCHLD, SIG_IGN);
    }
} const loading;

std::string output_of(const std::string& command) {
    std::string text;
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    if (!pipe) return "popen failed";
    char piece[4096];
    while (const std::size_t got = std::fread(piece, 1, sizeof piece, pipe)) text.append(piece, got);
    ::pclose(pipe);
    return text;
}

class Children final : public girin::Application {
  public:
    Coro<void> handle(Request& request, Response& response) override {
        const std::string path(request.path());
        const std::string last = path.substr(path.rfind('/') + 1);
        std::string text = "ok";
        if (path == "/signals") text = output_of("grep -E '^Sig(Ign|Blk|Pnd)' /proc/self/status");
        if (path == "/descriptors") text = output_of("ls /proc/self/fd");
        if (path == "/limits") text = output_of("grep -E '^Max (open|core)' /proc/self/limits");
        if (path.starts_with("/variable/")) text = output_of("printenv " + last);
        if (path == "/plain-sigpipe") std::signal(SIGPIPE, SIG_DFL);
        if (path.starts_with("/close/")) ::close(std::atoi(last.c_str()));
        response.body(text);
        co_return;
    }
};

}  // namespace

GIRIN_APPLICATION(app, Children)
