// A program of its own, with the whole of girin behind one call.

#include <memory>

#include "supervisor/run.hpp"
#include "worker/app.hpp"

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
    return girin::run_server(argc, argv, [] { return std::make_unique<Shop>(); }, "shop");
}
