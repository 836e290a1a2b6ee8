// A program that has girin within it: an application of its own, a main of its own, and every callback. What the
// callbacks were told goes to the file FACTS, a line each, numbered by a counter that lives in the master; THROWS and
// DAWDLES name the event whose callback throws, or takes 300 ms.
//   /exit/5   ends the worker with that code
//   /pid      the worker's
// Everything else: "embedded". With LOADS it brings no application, and loads the one that the command line names. A static
// object says on standard error when it is destroyed, where GIRIN_TEST_AT_EXIT is set.

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <girin/app.hpp>
#include <girin/run.hpp>

namespace {

using girin::HookFacts;

struct StaticObject {
    ~StaticObject() {
        if (std::getenv("GIRIN_TEST_AT_EXIT")) std::fprintf(stderr, "static object destroyed\n");
    }
} g_static;

class Shop final : public girin::Application {
  public:
    girin::Coro<void> handle(girin::Request& request, girin::Response& response) override {
        if (request.path() == "/exit/5") ::_exit(5);
        response.body(request.path() == "/pid" ? std::to_string(::getpid()) : "embedded");
        co_return;
    }
};

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

std::string number_or_none(const std::optional<int>& number) { return number ? std::to_string(*number) : "none"; }

std::string to_line(const HookFacts& facts) {
    std::string line(girin::to_text(facts.event));
    line += " of " + facts.name + " by " + std::to_string(facts.master_pid) + " in " + std::to_string(::getpid()) +
            " at " + facts.listen + ", generation " + std::to_string(facts.generation) + ":";
    if (!facts.outcome.empty()) line += " " + facts.outcome;
    if (!facts.reason.empty()) line += " because " + facts.reason;
    if (const auto& worker = facts.worker) {
        line += " slot " + std::to_string(worker->slot) + ", pid " + std::to_string(worker->pid) + " " + worker->cause +
                ", code " + number_or_none(worker->exit_code) + ", signal " + number_or_none(worker->signal);
    }
    return line;
}

void misbehave(const std::string& event) {
    if (variable("DAWDLES") == event) std::this_thread::sleep_for(std::chrono::milliseconds(300));
    if (variable("THROWS") == event) throw std::runtime_error("thrown by the callback");
}

/// `count` is the master's own: a callback that ran anywhere else would not advance it.
void tell(int& count, const HookFacts& facts) {
    std::ofstream(variable("FACTS"), std::ios::app) << ++count << " " << to_line(facts) << std::endl;
    misbehave(std::string(girin::to_text(facts.event)));
}

}  // namespace

int main(int argc, char** argv) {
    if (std::getenv("LOADS")) return girin::run_server(argc, argv);
    int count = 0;
    girin::ServerCallbacks callbacks;
    callbacks.on_starting = callbacks.on_ready = callbacks.on_reload = callbacks.on_worker_exit =
        callbacks.on_degraded = [&count](const HookFacts& facts) { tell(count, facts); };
    return girin::run_server(argc, argv, [] { return std::make_unique<Shop>(); }, "shop", callbacks);
}
