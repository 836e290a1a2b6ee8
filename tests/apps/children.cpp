// An application that starts programs, and says what came to them:
//   /signals       SigIgn, SigBlk and SigPnd of a child's /proc/self/status
//   /descriptors   what a child has open, one a line
//   /variable/NAME what a child sees of a variable
//   /limits        a child's limits of descriptors and of core files
//   /plain-sigpipe SIGPIPE gets its default action back in this worker
//   /close/N       descriptor N is closed in this worker
// Everything else: "ok". With GIRIN_TEST_LOADING=ignore-children SIGCHLD is ignored by whoever loads it.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <girin/app.hpp>

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

/// Of a program without a shell between, since some of them clear the mask of blocked signals.
std::string output_of(std::vector<const char*> words) {
    int line[2];
    if (::pipe2(line, O_CLOEXEC) != 0) return "no pipe";
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, line[1], STDOUT_FILENO);
    words.push_back(nullptr);
    pid_t child = 0;
    const int failure = ::posix_spawnp(&child, words[0], &actions, nullptr, const_cast<char* const*>(words.data()), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(line[1]);
    std::string text = failure == 0 ? "" : "not spawned";
    char piece[4096];
    for (ssize_t got; (got = ::read(line[0], piece, sizeof piece)) > 0;) text.append(piece, static_cast<std::size_t>(got));
    ::close(line[0]);
    if (failure == 0) ::waitpid(child, nullptr, 0);
    return text;
}

class Children final : public girin::Application {
  public:
    Coro<void> handle(Request& request, Response& response) override {
        const std::string path(request.path());
        const std::string last = path.substr(path.rfind('/') + 1);
        std::string text = "ok";
        if (path == "/signals") text = output_of({"grep", "-E", "^Sig(Ign|Blk|Pnd)", "/proc/self/status"});
        if (path == "/descriptors") text = output_of({"ls", "/proc/self/fd"});
        if (path == "/limits") text = output_of({"grep", "-E", "^Max (open|core)", "/proc/self/limits"});
        if (path.starts_with("/variable/")) text = output_of({"printenv", last.c_str()});
        if (path == "/plain-sigpipe") std::signal(SIGPIPE, SIG_DFL);
        if (path.starts_with("/close/")) ::close(std::atoi(last.c_str()));
        response.body(text);
        co_return;
    }
};

}  // namespace

GIRIN_APPLICATION(app, Children)
