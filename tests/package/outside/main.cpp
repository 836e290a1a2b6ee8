// A program of its own, with the whole of girin behind one call.

#include <cstdio>
#include <memory>

#include <girin/app.hpp>
#include <girin/run.hpp>

namespace {

class Shop final : public girin::Application {
  public:
    girin::Coro<void> handle(girin::Request& request, girin::Response& response) override {
        const std::string body = co_await request.read_all();
        response.body("Hello from a main of its own, to " + std::to_string(body.size()) + " bytes\n");
    }
};

}  // namespace

int main(int argc, char** argv) {
    girin::ServerCallbacks callbacks;  // called in the master
    callbacks.on_worker_exit = [exits = 0](const girin::HookFacts& facts) mutable {
        std::printf("exit %d: slot %zu, %s\n", ++exits, facts.worker->slot, facts.worker->cause.c_str());
    };
    return girin::run_server(argc, argv, [] { return std::make_unique<Shop>(); }, "shop", callbacks);
}
